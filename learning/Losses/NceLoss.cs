using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Noise-contrastive estimation (Gutmann and Hyvärinen 2010; cookbook Fig. 1): logistic regression of data against noise with
/// p(T=1|v) = p(v)/(p(v) + η·p_ε(v)), η the noise samples per datum. Mean over data of
/// −log p(T=1|vᵢ) − Σ_noise log p(T=0|w). A mean of per-row values.
/// </summary>
public static class NceLoss
{
    /// <param name="data">log p(v) + c − log p_ε(v) of each datum <c>[N]</c>.</param>
    /// <param name="noise">The same of its noise samples <c>[N, η]</c>.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor data, Tensor noise)
    {
        var logEta = PortableMath.Log(noise.shape[1]);
        return functional.softplus(logEta - data).mean() + functional.softplus(noise - logEta).sum(1).mean();
    }
}
