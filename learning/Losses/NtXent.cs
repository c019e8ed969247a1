using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Normalised temperature-scaled cross entropy (SimCLR, Chen et al. 2020; cookbook Fig. 3 with log and τ put back):
/// −1/2N Σ_(i,j)∈P log( e^{cos(zᵢ,zⱼ)/τ} / Σ_{k≠i} e^{cos(zᵢ,z_k)/τ} ), over both directions of the N positive pairs.
/// </summary>
public static class NtXent
{
    /// <param name="z1">Projections of the first views <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="z2">Projections of the second views <c>[N, D]</c>.</param>
    /// <param name="temperature">τ.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, double temperature)
    {
        var n = z1.shape[0];
        var z = functional.normalize(cat([z1, z2]), dim: 1);
        var self = eye(2 * n, dtype: ScalarType.Bool, device: z.device);
        var logits = (z.mm(z.t()) / temperature).masked_fill(self, float.NegativeInfinity);
        var positive = cat([arange(n, 2 * n, device: z.device), arange(0, n, device: z.device)]);
        return functional.cross_entropy(logits, positive);
    }
}
