using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>Whitening by Cholesky (W-MSE, Ermolov et al. 2021, section 3).</summary>
public static class Whitening
{
    /// <summary>
    /// (z − mean) L⁻ᵀ with L Lᵀ = (1 − ε)·Σ + ε·I and Σ the covariance over N − 1: the result <c>[N, D]</c> has covariance I when ε is 0.
    /// Needs N above D.
    /// </summary>
    public static Tensor Apply(Tensor z, double epsilon)
    {
        var (n, d) = (z.shape[0], z.shape[1]);
        var centred = z - z.mean([0]);
        var covariance = centred.t().mm(centred) / (n - 1);
        var shrunk = ((1 - epsilon) * covariance) + (epsilon * eye(d, device: z.device));
        return centred.mm(linalg.inv(linalg.cholesky(shrunk)).t());
    }
}
