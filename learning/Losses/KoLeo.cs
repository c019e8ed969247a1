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
    public static Tensor Loss(Tensor features)
    {
        var x = functional.normalize(features, dim: 1);
        Tensor nearest;
        using (no_grad())
        {
            var self = eye(x.shape[0], dtype: ScalarType.Bool, device: x.device);
            nearest = x.mm(x.t()).masked_fill(self, float.NegativeInfinity).argmax(1);
        }

        return -(Distances.Root((x - x.index_select(0, nearest)).square().sum(1)) + 1e-8).log().mean();
    }
}
