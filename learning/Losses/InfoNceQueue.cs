using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// InfoNCE against a queue of keys of past batches (MoCo, He et al. 2020, eq. 1):
/// −1/N Σᵢ log( e^{cos(qᵢ,kᵢ)/τ} / (e^{cos(qᵢ,kᵢ)/τ} + Σ_n e^{cos(qᵢ,nₙ)/τ}) ). A mean of per-row values.
/// </summary>
public static class InfoNceQueue
{
    /// <param name="query">Student projections <c>[N, D]</c>.</param>
    /// <param name="key">Teacher projections of the other view <c>[N, D]</c>, without gradient.</param>
    /// <param name="queue">Normalised keys of past batches <c>[K, D]</c>.</param>
    /// <param name="temperature">τ.</param>
    /// <param name="decoupled">The positive is left out of the denominator, as in DCL (Yeh et al. 2022; K11).</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor query, Tensor key, Tensor queue, double temperature, bool decoupled = false)
    {
        var q = functional.normalize(query, dim: 1);
        var k = functional.normalize(key.detach(), dim: 1);
        var positive = (q * k).sum(1, keepdim: true);
        if (decoupled)
            return (q.mm(queue.t()) / temperature).logsumexp(1).mean() - (positive / temperature).mean();
        var logits = cat([positive, q.mm(queue.t())], 1) / temperature;
        var first = zeros(q.shape[0], dtype: ScalarType.Int64, device: q.device);
        return functional.cross_entropy(logits, first);
    }

    /// <summary>
    /// Dual temperature (Zhang et al. 2022, "Dual Temperature Helps Contrastive Learning Without Many Negative Samples", eq. 8; K12): within an
    /// anchor the negatives are weighed at τ, and anchors among themselves at τβ: the loss of each row times sg[(1 − pᵢ(τβ))/(1 − pᵢ(τ))], p the
    /// probability of the positive. A mean of per-row values.
    /// </summary>
    /// <param name="query">Student projections <c>[N, D]</c>.</param>
    /// <param name="key">Teacher projections of the other view <c>[N, D]</c>, without gradient.</param>
    /// <param name="queue">Normalised keys of past batches <c>[K, D]</c>.</param>
    /// <param name="temperature">τ.</param>
    /// <param name="anchorTemperature">τβ, above τ.</param>
    /// <returns>A scalar.</returns>
    public static Tensor DualTemperature(Tensor query, Tensor key, Tensor queue, double temperature, double anchorTemperature)
    {
        var q = functional.normalize(query, dim: 1);
        var k = functional.normalize(key.detach(), dim: 1);
        var cosines = cat([(q * k).sum(1, keepdim: true), q.mm(queue.t())], 1);
        Tensor Hardness(double t) => (cosines.detach() / t).softmax(1).narrow(1, 1, queue.shape[0]).sum(1);
        var each = -(cosines / temperature).log_softmax(1).select(1, 0);
        return (each * (Hardness(anchorTemperature) / Hardness(temperature).clamp_min(1e-12))).mean();
    }
}
