using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Decoupled contrastive loss (Yeh et al. 2022; cookbook Fig. 3 with log and τ put back): NT-Xent whose denominator leaves
/// out the positive too, 1/2N Σᵢ [ −w·cos(zᵢ,zⱼ)/τ + log Σ_{k∉{i,j}} e^{cos(zᵢ,z_k)/τ} ].
/// </summary>
public static class DecoupledContrastive
{
    /// <param name="z1">Projections <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="z2">Projections of the other views <c>[N, D]</c>.</param>
    /// <param name="temperature">τ.</param>
    /// <param name="weights">w of each positive pair <c>[N]</c>; null for 1.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, double temperature, Tensor? weights = null)
    {
        var n = z1.shape[0];
        var z = functional.normalize(cat([z1, z2]), dim: 1);
        var logits = z.mm(z.t()) / temperature;
        var positive = logits.diagonal(n);
        var own = eye(n, dtype: ScalarType.Bool, device: z.device).repeat(2, 2);
        var negatives = logits.masked_fill(own, float.NegativeInfinity).logsumexp(1);
        return negatives.mean() - (weights is null ? positive : weights * positive).mean();
    }

    /// <summary>DCL-W's negative von Mises–Fisher weights w = 2 − e^{cos/σ} / mean(e^{cos/σ}) of the positive pairs <c>[N]</c>; their mean is 1.</summary>
    public static Tensor VonMisesWeights(Tensor z1, Tensor z2, double sigma)
    {
        var cosines = (functional.normalize(z1, dim: 1) * functional.normalize(z2, dim: 1)).sum(1);
        return 2 - ((cosines / sigma).softmax(0) * z1.shape[0]);
    }
}
