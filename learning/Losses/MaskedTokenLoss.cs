using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Masked language modelling (Devlin et al. 2019; cookbook §4): the cross-entropy of the chosen tokens over the whole vocabulary, mean over the chosen tokens of each text, then over the texts.
/// </summary>
public static class MaskedTokenLoss
{
    /// <param name="scores"><c>[N, L, V]</c>.</param>
    /// <param name="tokens">What stood there <c>[N, L]</c>, whole numbers.</param>
    /// <param name="chosen"><c>[N, L]</c>, 1 where a token was chosen, 0 elsewhere; a text without any costs nothing.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor scores, Tensor tokens, Tensor chosen)
    {
        var each = functional.cross_entropy(scores.transpose(1, 2), tokens.to(ScalarType.Int64), reduction: Reduction.None);
        return ((each * chosen).sum(1) / chosen.sum(1).clamp_min(1)).mean();
    }
}
