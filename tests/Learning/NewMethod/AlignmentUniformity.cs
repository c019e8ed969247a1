using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Alignment and uniformity on the unit sphere (Wang and Isola 2020, section 4.1.2):
/// 1/N Σᵢ ‖ẑ¹ᵢ − ẑ²ᵢ‖² and the mean over both views of log 1/N(N−1) Σ_{i≠j} e^{−t‖ẑᵢ − ẑⱼ‖²}.
/// </summary>
public static class AlignmentUniformity
{
    /// <param name="z1">Projections <c>[N, D]</c>.</param>
    /// <param name="z2">Projections of the other views <c>[N, D]</c>.</param>
    /// <returns>A scalar, 0 … 4.</returns>
    public static Tensor Alignment(Tensor z1, Tensor z2)
        => (functional.normalize(z1, dim: 1) - functional.normalize(z2, dim: 1)).square().sum(1).mean();

    /// <param name="z">Projections of one view <c>[N, D]</c>, whole effective batch, N at least 2.</param>
    /// <param name="t">Sharpness of the Gaussian kernel.</param>
    /// <returns>A scalar, −4t … 0.</returns>
    public static Tensor Uniformity(Tensor z, double t)
    {
        var unit = functional.normalize(z, dim: 1);
        var squares = 2 - (2 * unit.mm(unit.t()));
        var self = eye(z.shape[0], dtype: ScalarType.Bool, device: z.device);
        var pairs = z.shape[0] * (z.shape[0] - 1);
        return (-t * squares).masked_fill(self, float.NegativeInfinity).flatten().logsumexp(0) - Math.Log(pairs);
    }
}
