using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>Cross entropy against soft targets.</summary>
public static class SoftCrossEntropy
{
    /// <summary>−1/N Σᵢ Σ_k tᵢₖ log softmax(sᵢ)ₖ.</summary>
    /// <param name="targets">t <c>[…, K]</c>, rows that sum to 1, without gradient.</param>
    /// <param name="logits">s <c>[…, K]</c>, divided by their temperature.</param>
    /// <returns>A scalar, the mean over all but the last dimension.</returns>
    public static Tensor Loss(Tensor targets, Tensor logits) => -(targets.detach() * logits.log_softmax(-1)).sum(-1).mean();

    /// <summary>−1/N Σᵢ Σ_h wᵢₕ Σ_k tᵢₕₖ log softmax(sᵢₕ)ₖ: with rows of w that sum to 1, the mean over images of each image's mean.</summary>
    /// <param name="targets">t <c>[N, H, K]</c>.</param>
    /// <param name="logits">s <c>[N, H, K]</c>.</param>
    /// <param name="weights">w <c>[N, H]</c>, without gradient.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor targets, Tensor logits, Tensor weights)
        => -((targets.detach() * logits.log_softmax(-1)).sum(-1) * weights.detach()).sum(1).mean();
}
