using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// SeLa's labels (Asano et al. 2020, eqs. 4 to 7): of all ways to give every image one label and every label the same number of images, the one
/// that costs the classifier least, by Sinkhorn on P^λ.
/// </summary>
public static class SelfLabels
{
    /// <param name="logits">The classifier's outputs for all images of the data set <c>[samples, K]</c>.</param>
    /// <param name="lambda">λ; the larger, the nearer to the exact transport, and the more rounds it takes.</param>
    /// <param name="iterations">Rounds of Sinkhorn.</param>
    /// <returns>A label for each image <c>[samples]</c>, 64-bit.</returns>
    public static Tensor Of(Tensor logits, double lambda, int iterations)
    {
        using var off = no_grad();

        // In logarithms: P^λ itself vanishes in single precision for all but each row's best labels.
        var plan = logits.log_softmax(1) * lambda;
        for (var i = 0; i < iterations; i++)
        {
            plan = plan - plan.logsumexp(0, keepdim: true);
            plan = plan - plan.logsumexp(1, keepdim: true);
        }

        return plan.argmax(1);
    }
}
