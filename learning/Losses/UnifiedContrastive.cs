using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// The contrastive family of Tian (2022), cookbook eq. 15: Σᵢ φ( Σ_{j≠i} ψ(‖zᵢ−zᵢ′‖² − ‖zᵢ−zⱼ‖²) ), here with
/// φ(x) = τ log(ε + x) and ψ(x) = e^{x/τ}, which is eq. 16. On unit vectors, as a mean over both views as anchors.
/// ε = 1 is MoCo's and CMC's denominator, ε = 0 is DCL's.
/// </summary>
public static class UnifiedContrastive
{
    /// <summary>Eq. 16 in logarithms: τ·mean of log(ε·e^{−d²ᵢ/τ} + Σ_{j≠i} e^{−d²ᵢⱼ/τ}) + d²ᵢ/τ.</summary>
    /// <param name="z1">Projections <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="z2">Projections of the other views <c>[N, D]</c>.</param>
    /// <param name="temperature">τ.</param>
    /// <param name="epsilon">ε, 0 or more.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, double temperature, double epsilon)
    {
        var (a, b) = (functional.normalize(z1, dim: 1), functional.normalize(z2, dim: 1));
        return (OneSide(a, b, temperature, epsilon) + OneSide(b, a, temperature, epsilon)) / 2;
    }

    /// <summary>Eq. 15 as printed, with any φ and ψ.</summary>
    public static Tensor Printed(Tensor z1, Tensor z2, Func<Tensor, Tensor> phi, Func<Tensor, Tensor> psi)
    {
        var (a, b) = (functional.normalize(z1, dim: 1), functional.normalize(z2, dim: 1));
        return (Side(a, b) + Side(b, a)) / 2;

        Tensor Side(Tensor anchor, Tensor positive)
        {
            var near = (anchor - positive).square().sum(1, keepdim: true);
            var self = eye(anchor.shape[0], dtype: ScalarType.Bool, device: anchor.device);
            return phi(psi(near - Squares(anchor)).masked_fill(self, 0).sum(1)).mean();
        }
    }

    private static Tensor OneSide(Tensor anchor, Tensor positive, double temperature, double epsilon)
    {
        var near = -(anchor - positive).square().sum(1, keepdim: true) / temperature;
        var self = eye(anchor.shape[0], dtype: ScalarType.Bool, device: anchor.device);
        var far = (-Squares(anchor) / temperature).masked_fill(self, float.NegativeInfinity);
        var all = epsilon > 0 ? cat([near + PortableMath.Log(epsilon), far], 1) : far;
        return temperature * (all.logsumexp(1) - near.squeeze(1)).mean();
    }

    /// <summary>Squared distances <c>[N, N]</c> of rows of length 1 or 0: a row of zeros stays one when it is normalised.</summary>
    private static Tensor Squares(Tensor unit)
    {
        var length = unit.detach().ne(0).any(1).to(unit.dtype);
        return length.unsqueeze(1) + length.unsqueeze(0) - (2 * unit.mm(unit.t()));
    }
}
