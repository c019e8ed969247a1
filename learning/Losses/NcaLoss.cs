using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// NCA (Goldberger et al. 2004; cookbook eq. 2, without a logarithm): −Σ_(i,j)∈P e^{−‖zᵢ−zⱼ‖²} / Σ_{k,l} e^{−‖z_k−z_l‖²}, the
/// denominator over all (2N)² pairs, both directions of the N positives in the numerator. In −1 … 0.
/// </summary>
public static class NcaLoss
{
    /// <param name="z1">Projections <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="z2">Projections of the other views <c>[N, D]</c>.</param>
    /// <param name="normalize">Distances between unit vectors.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, bool normalize)
    {
        var z = cat([z1, z2]);
        if (normalize)
            z = functional.normalize(z, dim: 1);
        var near = (-(z.unsqueeze(1) - z.unsqueeze(0)).square().sum(-1)).exp();
        return -2 * near.diagonal(z1.shape[0]).sum() / near.sum();
    }
}
