using TorchSharp;
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
}
