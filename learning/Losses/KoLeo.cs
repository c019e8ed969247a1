using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// KoLeo regulariser (Sablayrolles et al. 2019; K38): −1/N Σᵢ log( min_{j≠i} ‖x̂ᵢ − x̂ⱼ‖ + 1e-8 ) on normalised rows; spreads them.
/// </summary>
public static class KoLeo
{
    /// <param name="features">x <c>[N, D]</c>, N at least 2.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor features) => Loss(features, eye(features.shape[0], dtype: ScalarType.Bool, device: features.device));

    /// <summary>The same over both views of N images, at least 2, where the nearest is one of another image (SSCD, Pizzi et al. 2022, eq. 4).</summary>
    /// <param name="z1">First views <c>[N, D]</c>.</param>
    /// <param name="z2">Second views <c>[N, D]</c>.</param>
    /// <returns>A scalar.</returns>
    public static Tensor OfOtherImages(Tensor z1, Tensor z2)
        => Loss(cat([z1, z2]), eye(z1.shape[0], dtype: ScalarType.Bool, device: z1.device).repeat(2, 2));

    private static Tensor Loss(Tensor features, Tensor never)
    {
        var x = functional.normalize(features, dim: 1);
        Tensor nearest;
        using (no_grad())
            nearest = x.mm(x.t()).masked_fill(never, float.NegativeInfinity).argmax(1);

        return -(Distances.Root((x - x.index_select(0, nearest)).square().sum(1)) + 1e-8).log().mean();
    }
}
