using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>Forms of InfoNCE (van den Oord et al. 2018) within a batch.</summary>
public static class InfoNceLoss
{
    /// <summary>
    /// Cookbook eq. 6: −1/2N Σ_(i,j)∈P log( e^{cos(zᵢ,zⱼ)/τ} / Σ_k e^{cos(zᵢ,z_k)/τ} ) over all 2N views; k = i is in the sum.
    /// </summary>
    /// <param name="z1">Projections <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="z2">Projections of the other views <c>[N, D]</c>.</param>
    /// <param name="temperature">τ.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, double temperature)
    {
        var n = z1.shape[0];
        var z = functional.normalize(cat([z1, z2]), dim: 1);
        var positive = cat([arange(n, 2 * n, device: z.device), arange(0, n, device: z.device)]);
        return functional.cross_entropy(z.mm(z.t()) / temperature, positive);
    }

    /// <summary>
    /// One direction against the other view only: −1/N Σᵢ log( e^{cos(aᵢ,bᵢ)/τ} / Σ_k e^{cos(aᵢ,b_k)/τ} )
    /// (MoCo v3, NNCLR). Gradient flows into both; detach what is a target.
    /// </summary>
    /// <param name="anchors">a <c>[N, D]</c>.</param>
    /// <param name="candidates">b <c>[N, D]</c>; row i is the positive of row i.</param>
    /// <param name="temperature">τ.</param>
    /// <returns>A scalar.</returns>
    public static Tensor OneView(Tensor anchors, Tensor candidates, double temperature)
    {
        var a = functional.normalize(anchors, dim: 1);
        var b = functional.normalize(candidates, dim: 1);
        return functional.cross_entropy(a.mm(b.t()) / temperature, arange(0, a.shape[0], device: a.device));
    }
}
