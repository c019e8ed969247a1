using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Contrastive loss with a margin (Hadsell et al. 2006; cookbook eq. 1): mean over positive pairs of ‖zᵢ−zⱼ‖ (or its square) plus
/// mean over the other pairs of max(0, m − ‖zᵢ−zⱼ‖)². Pairs are those of all 2N views, each counted once.
/// </summary>
public static class MarginLoss
{
    /// <param name="z1">Projections <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="z2">Projections of the other views <c>[N, D]</c>.</param>
    /// <param name="margin">m.</param>
    /// <param name="squaredPositives">Square the distance of positives.</param>
    /// <returns>A scalar; 0 exactly when positives coincide and all others are m or more apart.</returns>
    public static Tensor Loss(Tensor z1, Tensor z2, double margin, bool squaredPositives)
    {
        var n = z1.shape[0];
        var z = cat([z1, z2]);
        var distance = Distances.Between(z, z);
        var near = distance.diagonal(n);
        var own = eye(n, dtype: ScalarType.Bool, device: z.device).repeat(2, 2);
        var far = functional.relu(margin - distance).square().masked_fill(own, 0).sum() / (2 * n * ((2 * n) - 2));
        return (squaredPositives ? near.square() : near).mean() + far;
    }
}
