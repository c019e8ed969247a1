using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// VICReg of pairs of places (Bardes et al. 2022, VICRegL, section 3.2): the invariance of the pairs, and variance and covariance over the batch, of each pair by
/// itself. <c>[N, G, D]</c> each; G pairs of each image.
/// </summary>
public static class LocalVicreg
{
    /// <summary>Mean squared difference over all values.</summary>
    public static Tensor Invariance(Tensor a, Tensor b) => (a - b).square().mean();

    /// <summary>Mean over pairs and dimensions of max(0, 1 − √(Var + ε)), variance over the batch, unbiased.</summary>
    public static Tensor Variance(Tensor a, double epsilon) => functional.relu(1 - (a.var(0) + epsilon).sqrt()).mean();

    /// <summary>Mean over pairs of 1/D Σ_{d≠e} Cov_de², covariance over N − 1.</summary>
    public static Tensor Covariance(Tensor a)
    {
        var (n, d) = (a.shape[0], a.shape[2]);
        var centred = (a - a.mean([0], keepdim: true)).transpose(0, 1);
        var covariance = centred.transpose(1, 2).bmm(centred) / (n - 1);
        var diagonal = eye(d, dtype: ScalarType.Bool, device: a.device).unsqueeze(0);
        return covariance.masked_fill(diagonal, 0).square().sum([1, 2]).mean() / d;
    }
}
