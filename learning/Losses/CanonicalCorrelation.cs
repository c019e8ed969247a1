using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Canonical correlations (Hotelling 1936; cookbook eq. 13, 14): the singular values of Σ₁^{−1/2} Σ₁₂ Σ₂^{−1/2}. Cholesky factors
/// stand in for the square roots; they differ by rotations, which singular values do not see.
/// </summary>
public static class CanonicalCorrelation
{
    /// <param name="z1">Projections <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="z2">Projections of the other views <c>[N, D]</c>.</param>
    /// <param name="epsilon">Share of the identity in both covariances.</param>
    /// <returns>Minus the sum of the D correlations, a scalar in −D … 0.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, double epsilon)
    {
        var (u, v) = (Whitening.Apply(z1, epsilon), Whitening.Apply(z2, epsilon));
        return -linalg.svdvals(u.t().mm(v) / (z1.shape[0] - 1)).sum();
    }
}
