using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Luminance and colour of pixels (ITU-R BT.601, whose transform is linear: the same bits on every machine), and the classes of colours that a
/// colorization predicts (Zhang et al. 2016, section 2.1, who take CIE Lab).
/// </summary>
public static class Chroma
{
    private const double Red = 0.299;
    private const double Green = 0.587;
    private const double Blue = 0.114;

    /// <summary>Luminance 0 … 1 of images <c>[N, 3, H, W]</c> on the 0 … 1 scale: <c>[N, 1, H, W]</c>.</summary>
    public static Tensor Luminance(Tensor images)
        => (Red * images.narrow(1, 0, 1)) + (Green * images.narrow(1, 1, 1)) + (Blue * images.narrow(1, 2, 1));

    /// <summary>The class of the mean colour of each of grid × grid places, in row order <c>[N, grid²]</c>, 0 … bins² − 1: the two colour differences, each in equal steps.</summary>
    public static Tensor Classes(Tensor images, int grid, int bins)
    {
        var (n, cell) = (images.shape[0], images.shape[2] / grid);
        var mean = images.narrow(2, 0, grid * cell).narrow(3, 0, grid * cell).reshape(n, 3, grid, cell, grid, cell).mean([3, 5]);
        var y = Luminance(mean);
        Tensor Step(Tensor difference) => ((difference + 0.5) * bins).floor().clamp(0, bins - 1);
        var blue = Step((mean.narrow(1, 2, 1) - y) / (2 - (2 * Blue)));
        var red = Step((mean.narrow(1, 0, 1) - y) / (2 - (2 * Red)));
        return ((blue * bins) + red).flatten(1);
    }

    /// <summary>
    /// The weight of each class (Zhang et al. 2016, eq. 3, without the smoothing of p): 1/((1−λ)·p + λ/Q), scaled so that the mean over p is 1.
    /// </summary>
    /// <param name="counts">How often each class was seen <c>[1, Q]</c>, in any unit; all 0: all alike.</param>
    /// <param name="uniform">λ.</param>
    /// <returns><c>[Q]</c>.</returns>
    public static Tensor Weights(Tensor counts, double uniform)
    {
        var q = counts.shape[1];
        var total = counts.sum();
        var p = where(total > 0, counts / total.clamp_min(1e-12), full_like(counts, 1.0 / q)).squeeze(0);
        var weights = 1 / (((1 - uniform) * p) + (uniform / q));
        return weights / (p * weights).sum();
    }
}
