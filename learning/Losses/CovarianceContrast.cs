using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// TiCo (Zhu et al. 2022, eqs. 5 to 7): views of an image agree, and embeddings keep out of the directions that an exponential mean C of past
/// second moments is long in: −1/N Σ cos(zᵢ, kᵢ) + ρ/N Σ ẑᵢᵀ C ẑᵢ.
/// </summary>
public static class CovarianceContrast
{
    /// <summary>C ← β·C + (1−β)·1/N Σ ẑᵢ ẑᵢᵀ <c>[D, D]</c>; the gradient flows through the batch's part.</summary>
    public static Tensor Moment(Tensor past, Tensor z, double beta)
    {
        var unit = functional.normalize(z, dim: 1);
        return (beta * past.detach()) + ((1 - beta) / z.shape[0] * unit.t().mm(unit));
    }

    /// <param name="z">Student projections <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="key">Teacher projections of the other view <c>[N, D]</c>, without gradient.</param>
    /// <param name="moment">C with this batch in it <c>[D, D]</c>.</param>
    /// <returns>Both terms: 1 − mean cosine, and the mean of ẑᵀ C ẑ.</returns>
    public static (Tensor Invariance, Tensor Contrast) Terms(Tensor z, Tensor key, Tensor moment)
    {
        var unit = functional.normalize(z, dim: 1);
        var cosines = (unit * functional.normalize(key.detach(), dim: 1)).sum(1);
        return (1 - cosines.mean(), (unit.mm(moment) * unit).sum(1).mean());
    }
}
