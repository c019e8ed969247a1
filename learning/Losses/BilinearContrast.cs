using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// InfoNCE with a bilinear similarity sᵢⱼ = aᵢᵀ·W·kⱼ (CPC, van den Oord et al. 2018; COLA, Saeed et al. 2021, equation 1; CURL, Srinivas et al. 2020, equation 3), in one direction:
/// −1/N Σᵢ log( e^{sᵢᵢ} / Σⱼ e^{sᵢⱼ} ).
/// </summary>
public static class BilinearContrast
{
    /// <param name="anchors">aᵢ <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="keys">W·kⱼ <c>[N, D]</c>.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor anchors, Tensor keys) => functional.cross_entropy(anchors.mm(keys.t()), arange(0, anchors.shape[0], device: anchors.device));
}
