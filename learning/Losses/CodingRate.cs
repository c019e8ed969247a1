using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// The coding rate of a batch (Ma et al. 2007; Wu et al. 2025, eq. 5): R(Z) = ½ log det(I + D/(N·ε) ZᵀZ); the larger, the more directions are filled.
/// </summary>
public static class CodingRate
{
    /// <param name="z">Unit rows <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="epsilon">ε, the distortion allowed, squared.</param>
    /// <returns>A scalar, 0 or more.</returns>
    public static Tensor Rate(Tensor z, double epsilon)
    {
        var (n, d) = (z.shape[0], z.shape[1]);
        var lower = linalg.cholesky(eye(d, device: z.device) + ((double)d / (n * epsilon) * z.t().mm(z)));
        return lower.diagonal().log().sum();
    }

    /// <summary>γ = (D + N)/(D·N), the authors' balance of the rate against cosines.</summary>
    public static double Balance(Tensor z) => (double)(z.shape[0] + z.shape[1]) / (z.shape[0] * z.shape[1]);

    /// <summary>1 − cos of each row, which the authors take in place of a cross-entropy with prototypes.</summary>
    /// <param name="student"><c>[…, D]</c>.</param>
    /// <param name="teacher"><c>[…, D]</c>, without gradient.</param>
    /// <returns><c>[…]</c>.</returns>
    public static Tensor Distance(Tensor student, Tensor teacher)
        => 1 - (functional.normalize(student, dim: -1) * functional.normalize(teacher.detach(), dim: -1)).sum(-1);
}
