using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>Losses of predicted latent states.</summary>
public static class SprLoss
{
    /// <summary>SPR (Schwarzer et al. 2021, equation 5): −1/N Σᵢ Σₖ cos(ŷᵢₖ, ỹᵢₖ), from −K to K.</summary>
    /// <param name="predictions">ŷ <c>[N, K, D]</c>.</param>
    /// <param name="targets">ỹ <c>[N, K, D]</c>, without gradient.</param>
    public static Tensor Loss(Tensor predictions, Tensor targets)
        => -(functional.normalize(predictions, dim: 2) * functional.normalize(targets.detach(), dim: 2)).sum(2).sum(1).mean();

    /// <summary>Inverse dynamics: mean cross-entropy of the actions between states.</summary>
    /// <param name="scores"><c>[N, K, A]</c>.</param>
    /// <param name="actions">Their numbers <c>[N, K]</c>.</param>
    public static Tensor Inverse(Tensor scores, Tensor actions)
        => functional.cross_entropy(scores.flatten(0, 1), actions.flatten().to(ScalarType.Int64));
}
