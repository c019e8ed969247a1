using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// CLIP's symmetric InfoNCE (Radford et al. 2021, Figure 3): with logits s·cos(imageᵢ, textⱼ), half the cross-entropy of each image
/// against all texts and half that of each text against all images; the pairs stand on the diagonal.
/// </summary>
public static class ClipLoss
{
    /// <summary>CLIP's largest scale (section 2.5): it keeps training from becoming unstable.</summary>
    public const double LargestScale = 100;

    /// <param name="image">Projections of the images <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="text">Projections of their texts <c>[N, D]</c>.</param>
    /// <param name="scale">s, a scalar, as <see cref="Scale"/> gives it.</param>
    /// <param name="smoothing">Label smoothing: so much of each target is spread evenly over all N (ALIGN: 0.1).</param>
    /// <returns>A scalar; ln N where nothing is known.</returns>
    public static Tensor Loss(Tensor image, Tensor text, Tensor scale, double smoothing = 0)
    {
        var logits = scale * functional.normalize(image, dim: 1).mm(functional.normalize(text, dim: 1).t());
        var pairs = arange(0, image.shape[0], device: image.device);
        return (functional.cross_entropy(logits, pairs, label_smoothing: smoothing) + functional.cross_entropy(logits.t(), pairs, label_smoothing: smoothing)) / 2;
    }

    /// <summary>
    /// s = min(eˡ, largest). Above the largest the value stays and the gradient passes as if nothing were cut, so that a logarithm that
    /// has gone too far can come back.
    /// </summary>
    /// <param name="logarithm">l, of any shape; several are one and the same, and their mean is taken.</param>
    /// <param name="largest">The largest scale.</param>
    public static Tensor Scale(Tensor logarithm, double largest = LargestScale)
    {
        var l = logarithm.mean();
        return (l - (l - PortableMath.Log(largest)).relu().detach()).exp();
    }
}
