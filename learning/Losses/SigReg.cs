using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Sketched isotropic Gaussian regularisation (Balestriero and LeCun 2025, section 4): along random directions a, the Epps–Pulley distance of the
/// characteristic function of the projections a·z from that of N(0, 1), N ∫ |φ̂(t) − e^{−t²/2}|² e^{−t²/2} dt over |t| ≤ T by trapezoids.
/// Of a batch it needs Σ cos(t a·z) and Σ sin(t a·z) alone, whatever the batch's size.
/// </summary>
public static class SigReg
{
    /// <summary>Unit directions <c>[S, D]</c>, a function of seed and step: a resumed run, and every worker, has the same.</summary>
    public static Tensor Slices(ulong seed, long step, int slices, int width)
    {
        var values = new float[slices * width];
        for (var s = 0; s < slices; s++)
        {
            var random = new RandomStream(seed, Purpose.MethodState, step, s, 3);
            var own = values.AsSpan(s * width, width);
            foreach (ref var value in own)
                value = random.NextNormal();
            var length = Math.Sqrt(FixedOrder.SumOfSquares(own));
            foreach (ref var value in own)
                value = (float)(value / length);
        }

        return tensor(values).reshape(slices, width);
    }

    /// <summary>The knots t <c>[K]</c>, evenly from 0 to <paramref name="range"/>; the integrand is even.</summary>
    public static Tensor Knots(int knots, double range, Device device)
        => tensor(Enumerable.Range(0, knots).Select(k => (float)(range * k / (knots - 1))).ToArray()).to(device);

    /// <summary>Σ cos(t a·z) and Σ sin(t a·z) over the rows.</summary>
    /// <param name="z">Embeddings <c>[N, D]</c>, any part of the batch.</param>
    /// <param name="slices">a <c>[S, D]</c>.</param>
    /// <param name="knots">t <c>[K]</c>.</param>
    /// <returns><c>[2, S, K]</c>; sums of parts add up to the batch's.</returns>
    public static Tensor Sums(Tensor z, Tensor slices, Tensor knots)
    {
        var angles = z.mm(slices.t()).unsqueeze(-1) * knots;
        return stack([angles.cos().sum(0, keepdim: false), angles.sin().sum(0, keepdim: false)]);
    }

    /// <summary>The mean over slices of the statistic.</summary>
    /// <param name="sums">Those of the whole batch <c>[…, 2, S, K]</c>; leading dimensions are averaged too.</param>
    /// <param name="knots">t <c>[K]</c>.</param>
    /// <param name="count">N, rows in the sums.</param>
    /// <returns>A scalar, 0 or more; 1.05 in the mean for a Gaussian sample of any size (range 3).</returns>
    public static Tensor Statistic(Tensor sums, Tensor knots, long count)
    {
        var normal = (knots.square() / -2).exp();
        var mean = sums / (double)count;
        var distance = (mean.select(-3, 0) - normal).square() + mean.select(-3, 1).square();
        var spacing = (knots[1] - knots[0]).item<float>();
        var weights = full([knots.shape[0]], 2 * spacing, device: knots.device);
        weights[0] = weights[-1] = tensor(spacing, device: knots.device);
        return (distance * (weights * normal)).sum(-1).mean() * (double)count;
    }
}
