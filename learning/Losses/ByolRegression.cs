using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Squared distance of normalised vectors (BYOL, Grill et al. 2020; cookbook eq. 9 and 10 with ε = 1e-12 inside the maximum):
/// 1/N Σᵢ ‖p̂ᵢ − ẑᵢ‖² = 2 − 2 cos, in 0 … 4. A mean of per-row values.
/// </summary>
public static class ByolRegression
{
    /// <param name="prediction">Predictions of the student <c>[N, D]</c>.</param>
    /// <param name="target">Projections of the teacher on the other view <c>[N, D]</c>, without gradient.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor prediction, Tensor target) => 2 - (2 * Cosine(prediction, target));

    /// <summary>Mean cosine 1/N Σᵢ cos(pᵢ, zᵢ), the target without gradient; SimSiam's loss is its negative.</summary>
    public static Tensor Cosine(Tensor prediction, Tensor target)
    {
        var p = functional.normalize(prediction, dim: 1);
        var z = functional.normalize(target.detach(), dim: 1);
        return (p * z).sum(1).mean();
    }
}
