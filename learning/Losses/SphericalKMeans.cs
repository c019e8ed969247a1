using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// k-means by cosine on unit rows, in floats and a fixed order, off any device. An empty cluster is re-filled
/// with the row that fits its own cluster worst (K37), so no cluster stays empty.
/// </summary>
public static class SphericalKMeans
{
    /// <param name="rows">Unit rows <c>[N, D]</c>, row-major.</param>
    /// <param name="width">D.</param>
    /// <param name="clusters">K, at most N.</param>
    /// <param name="iterations">Rounds of assignment and update.</param>
    /// <param name="random">Draws the K rows that the centroids start from.</param>
    /// <returns>Centroids <c>[K, D]</c> and the cluster of each row.</returns>
    public static (float[] Centroids, int[] Assignments) Run(float[] rows, int width, int clusters, int iterations, RandomStream random)
    {
        var n = rows.Length / width;
        if (clusters > n)
            throw new ArgumentException($"{clusters} clusters of {n} rows.");
        var centroids = new float[clusters * width];
        var order = Enumerable.Range(0, n).ToArray();
        for (var c = 0; c < clusters; c++)
        {
            var j = c + (int)random.NextUInt32((uint)(n - c));
            (order[c], order[j]) = (order[j], order[c]);
            rows.AsSpan(order[c] * width, width).CopyTo(centroids.AsSpan(c * width));
        }

        var assignments = new int[n];
        var fit = new float[n];
        for (var i = 0; i < iterations; i++)
        {
            Assign(rows, centroids, width, assignments, fit);
            Refill(assignments, fit, clusters);
            Update(rows, centroids, width, assignments);
        }

        Assign(rows, centroids, width, assignments, fit);
        Refill(assignments, fit, clusters);
        return (centroids, assignments);
    }

    private static void Assign(float[] rows, float[] centroids, int width, int[] assignments, float[] fit)
    {
        for (var row = 0; row < assignments.Length; row++)
        {
            var own = rows.AsSpan(row * width, width);
            fit[row] = float.NegativeInfinity;
            for (var c = 0; c < centroids.Length / width; c++)
            {
                var cosine = (float)FixedOrder.Dot(own, centroids.AsSpan(c * width, width));
                if (cosine > fit[row])
                    (fit[row], assignments[row]) = (cosine, c);
            }
        }
    }

    private static void Refill(int[] assignments, float[] fit, int clusters)
    {
        var sizes = new int[clusters];
        foreach (var c in assignments)
            sizes[c]++;
        for (var c = 0; c < clusters; c++)
        {
            if (sizes[c] > 0)
                continue;
            var worst = -1;
            for (var row = 0; row < fit.Length; row++)
            {
                if (sizes[assignments[row]] > 1 && (worst < 0 || fit[row] < fit[worst]))
                    worst = row;
            }

            sizes[assignments[worst]]--;
            (assignments[worst], fit[worst], sizes[c]) = (c, 1, 1);
        }
    }

    private static void Update(float[] rows, float[] centroids, int width, int[] assignments)
    {
        var sums = new double[centroids.Length];
        for (var row = 0; row < assignments.Length; row++)
        {
            for (var d = 0; d < width; d++)
                sums[(assignments[row] * width) + d] += rows[(row * width) + d];
        }

        for (var c = 0; c < centroids.Length / width; c++)
        {
            var norm = Math.Sqrt(sums.Skip(c * width).Take(width).Sum(v => v * v));
            for (var d = 0; d < width; d++)
                centroids[(c * width) + d] = (float)(sums[(c * width) + d] / Math.Max(norm, 1e-12));
        }
    }
}
