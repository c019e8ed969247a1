using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Barlow Twins (Zbontar et al. 2021): Σᵢ(1 − Cᵢᵢ)² + λ Σ_{i≠j} Cᵢⱼ², C the cross-correlation of the views over the whole
/// effective batch. Embeddings are standardised by their biased variance + 1e-5, as batch norm does in the authors' code.
/// </summary>
public static class BarlowTwinsLoss
{
    /// <param name="z1">Projections <c>[N, D]</c>.</param>
    /// <param name="z2">Projections of the other view <c>[N, D]</c>.</param>
    /// <returns>The two sums, each a scalar: on the diagonal, and off it without λ.</returns>
    public static (Tensor OnDiagonal, Tensor OffDiagonal) Terms(Tensor z1, Tensor z2)
    {
        var correlation = Standardise(z1).t().mm(Standardise(z2)) / z1.shape[0];
        var diagonal = eye(z1.shape[1], dtype: ScalarType.Bool, device: z1.device);
        return ((1 - correlation.diagonal()).square().sum(), correlation.masked_fill(diagonal, 0).square().sum());
    }

    private static Tensor Standardise(Tensor z)
    {
        var centred = z - z.mean([0]);
        return centred / (centred.square().mean([0]) + 1e-5).sqrt();
    }
}
