using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// RELIC's invariance term (Mitrovic et al. 2021; cookbook Fig. 3): 1/2N Σᵢ KL(p¹ᵢ‖p²ᵢ) + KL(p²ᵢ‖p¹ᵢ), first argument without
/// gradient, where pᵛᵢ = softmax over samples k of cos(zᵛᵢ, z^{other}_k)/τ. Zero for identical views.
/// </summary>
public static class RelicInvariance
{
    /// <param name="z1">Projections <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="z2">Projections of the other views <c>[N, D]</c>.</param>
    /// <param name="temperature">τ.</param>
    /// <returns>A scalar, 0 or more.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, double temperature)
    {
        var cosines = functional.normalize(z1, dim: 1).mm(functional.normalize(z2, dim: 1).t()) / temperature;
        var first = cosines.log_softmax(1);
        var second = cosines.t().log_softmax(1);
        return (Divergence(first, second) + Divergence(second, first)) / 2;
    }

    private static Tensor Divergence(Tensor of, Tensor from) => (of.detach().exp() * (of.detach() - from)).sum(1).mean();
}
