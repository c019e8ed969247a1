using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Contrastive loss with hard negatives (Robinson et al. 2021, eq. 4 with the estimates of section 3.2). For an anchor with the positive p = e^{s⁺/τ} and the
/// M = 2N − 2 negatives n_k = e^{s_k/τ}: −log p/(p + G), G = max( (M·Σ n_k^{1+β}/Σ n_k^β − M·τ⁺·p)/(1 − τ⁺), M·e^{−1/τ} ).
/// β weighs negatives by their likeness, τ⁺ takes out those of the anchor's own class. β = τ⁺ = 0 is <see cref="NtXent"/>.
/// </summary>
public static class HardNegatives
{
    /// <param name="z1">Projections of the first views <c>[N, D]</c>, whole effective batch, N at least 2.</param>
    /// <param name="z2">Projections of the second views <c>[N, D]</c>.</param>
    /// <param name="temperature">τ.</param>
    /// <param name="concentration">β.</param>
    /// <param name="classPrior">τ⁺, from 0 to below 1.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, double temperature, double concentration, double classPrior)
    {
        var n = z1.shape[0];
        var z = functional.normalize(cat([z1, z2]), dim: 1);
        var logits = z.mm(z.t()) / temperature;
        var same = eye(n, dtype: ScalarType.Bool, device: z.device).repeat(2, 2);
        var positive = (functional.normalize(z1, dim: 1) * functional.normalize(z2, dim: 1)).sum(1).repeat(2) / temperature;
        Tensor Sum(double power) => (power * logits).masked_fill(same, float.NegativeInfinity).logsumexp(1);

        // Over e^{largest logit}, so that no temperature overflows.
        var largest = maximum(positive, logits.masked_fill(same, float.NegativeInfinity).amax([1])).detach();
        var negatives = (2 * n) - 2;
        var reweighed = negatives * (Sum(1 + concentration) - Sum(concentration) - largest).exp();
        var own = (positive - largest).exp();
        var others = (reweighed - (negatives * classPrior * own)) / (1 - classPrior);
        var floor = negatives * ((-1 / temperature) - largest).exp();
        return ((own + maximum(others, floor)).log() - (positive - largest)).mean();
    }
}
