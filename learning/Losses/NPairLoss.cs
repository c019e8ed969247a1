using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// (N+1)-tuple loss (Sohn 2016; cookbook eq. 4): −1/N Σᵢ log( e^⟨z¹ᵢ,z²ᵢ⟩ / Σ_l e^⟨z¹ᵢ,z²_l⟩ ) + β/2N ‖Z‖²_F; the denominator
/// runs through one view of the other samples.
/// </summary>
public static class NPairLoss
{
    /// <param name="z1">Projections <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="z2">Projections of the other views <c>[N, D]</c>.</param>
    /// <param name="beta">β.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, double beta)
    {
        var n = z1.shape[0];
        var contrast = functional.cross_entropy(z1.mm(z2.t()), arange(0, n, device: z1.device));
        return contrast + ((z1.square().sum() + z2.square().sum()) * (beta / (2.0 * n)));
    }
}
