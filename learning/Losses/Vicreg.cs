using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// The three terms of VICReg (Bardes et al. 2022; cookbook Fig. 6), each a scalar over the whole effective batch.
/// Total: λ·invariance + μ·variance + ν·covariance.
/// </summary>
public static class Vicreg
{
    /// <summary>Mean squared difference of <c>[N, D]</c> and <c>[N, D]</c> over all N·D values.</summary>
    public static Tensor Invariance(Tensor z1, Tensor z2) => (z1 - z2).square().mean();

    /// <summary>1/D Σ_d max(0, 1 − √(Var(z_d) + ε)) of one view <c>[N, D]</c>, variance unbiased.</summary>
    public static Tensor Variance(Tensor z, double epsilon)
    {
        var deviation = (z.var(0) + epsilon).sqrt();
        return functional.relu(1 - deviation).mean();
    }

    /// <summary>1/D Σ_{d≠e} Cov(z)_de² of one view <c>[N, D]</c>, covariance over N − 1.</summary>
    public static Tensor Covariance(Tensor z)
    {
        var (n, d) = (z.shape[0], z.shape[1]);
        var centred = z - z.mean([0]);
        var covariance = centred.t().mm(centred) / (n - 1);
        var diagonal = eye(d, dtype: ScalarType.Bool, device: z.device);
        return covariance.masked_fill(diagonal, 0).square().sum() / d;
    }
}
