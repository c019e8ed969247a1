using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Triplet loss (Schroff et al. 2015; cookbook eq. 3): the mean over every anchor i with its positive j and every l of another
/// sample of max(0, ‖zᵢ−zⱼ‖ − ‖zᵢ−z_l‖ + m). Anchors are all 2N views.
/// </summary>
public static class TripletLoss
{
    /// <param name="z1">Projections <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="z2">Projections of the other views <c>[N, D]</c>.</param>
    /// <param name="margin">m.</param>
    /// <param name="normalize">Distances between unit vectors.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, double margin, bool normalize)
    {
        var n = z1.shape[0];
        var z = cat([z1, z2]);
        if (normalize)
            z = functional.normalize(z, dim: 1);
        var distance = Distances.Between(z, z);
        var near = cat([distance.diagonal(n), distance.diagonal(-n)]).unsqueeze(1);
        var own = eye(n, dtype: ScalarType.Bool, device: z.device).repeat(2, 2);
        return functional.relu(near - distance + margin).masked_fill(own, 0).sum() / (2 * n * ((2 * n) - 2));
    }
}
