using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Supervised contrastive loss (Khosla et al. 2020, eq. 2 and 3): every view of the same class is a positive.
/// out: 1/2N Σᵢ −1/|P(i)| Σ_{p∈P(i)} log pᵢₚ; in: 1/2N Σᵢ −log( 1/|P(i)| Σ_{p∈P(i)} pᵢₚ ), with pᵢₚ = softmax over k ≠ i of cos/τ.
/// </summary>
public static class SupervisedContrastive
{
    /// <param name="z1">Projections <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="z2">Projections of the other views <c>[N, D]</c>.</param>
    /// <param name="labels">Classes <c>[N]</c>.</param>
    /// <param name="temperature">τ.</param>
    /// <param name="inside">The mean inside the logarithm (L_in) in place of outside (L_out).</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, Tensor labels, double temperature, bool inside)
    {
        var n = z1.shape[0];
        var z = functional.normalize(cat([z1, z2]), dim: 1);
        var self = eye(2 * n, dtype: ScalarType.Bool, device: z.device);
        var classes = cat([labels, labels]).reshape(2 * n, 1);
        var positives = classes.eq(classes.t()).masked_fill(self, false);
        var count = positives.to(ScalarType.Float32).sum(1);
        var logProbability = (z.mm(z.t()) / temperature).masked_fill(self, float.NegativeInfinity).log_softmax(1);
        var others = positives.logical_not();
        return inside
            ? (count.log() - logProbability.masked_fill(others, float.NegativeInfinity).logsumexp(1)).mean()
            : -(logProbability.masked_fill(others, 0).sum(1) / count).mean();
    }
}
