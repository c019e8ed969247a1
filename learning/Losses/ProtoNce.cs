using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>PCL's prototypes (Li et al. 2021, eqs. 11 and 12): cross entropy over clusters, each at its own concentration.</summary>
public static class ProtoNce
{
    /// <summary>−1/N Σᵢ log( e^{cos(vᵢ,c_s)/φ_s} / Σ_j e^{cos(vᵢ,c_j)/φ_j} ), s the cluster of image i. A mean of per-row values.</summary>
    /// <param name="query">Student projections v <c>[N, D]</c>.</param>
    /// <param name="centroids">Unit rows c <c>[K, D]</c>.</param>
    /// <param name="concentrations">φ <c>[K]</c>.</param>
    /// <param name="clusters">s <c>[N]</c>, 64-bit.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor query, Tensor centroids, Tensor concentrations, Tensor clusters)
        => functional.cross_entropy(functional.normalize(query, dim: 1).mm(centroids.t()) / concentrations, clusters);

    /// <summary>
    /// φ of each cluster of Z rows: Σ ‖v − c‖ / (Z·ln(Z + α)), small where rows are many and near. Clusters of one row get the greatest φ; the
    /// lowest and the highest tenth are cut off, and all are scaled to the mean τ, as in the authors' code.
    /// </summary>
    /// <param name="rows">Unit rows <c>[samples, D]</c>, row-major.</param>
    /// <param name="centroids"><c>[K, D]</c>, row-major.</param>
    /// <param name="width">D.</param>
    /// <param name="assignments">The cluster of each row.</param>
    /// <param name="alpha">α.</param>
    /// <param name="temperature">τ.</param>
    public static float[] Concentrations(float[] rows, float[] centroids, int width, int[] assignments, double alpha, double temperature)
    {
        var k = centroids.Length / width;
        var (sums, sizes) = (new double[k], new int[k]);
        for (var i = 0; i < assignments.Length; i++)
        {
            var own = rows.AsSpan(i * width, width);
            var c = centroids.AsSpan(assignments[i] * width, width);
            var squares = 0.0;
            for (var d = 0; d < width; d++)
                squares += (own[d] - c[d]) * (double)(own[d] - c[d]);
            sums[assignments[i]] += Math.Sqrt(squares);
            sizes[assignments[i]]++;
        }

        var phi = sums.Select((s, c) => sizes[c] > 1 ? s / (sizes[c] * PortableMath.Log(sizes[c] + alpha)) : double.NaN).ToArray();
        var greatest = phi.Where(double.IsFinite).DefaultIfEmpty(1).Max();
        phi = Array.ConvertAll(phi, p => double.IsFinite(p) ? p : greatest);
        double[] ordered = [.. phi.Order()];
        var (low, high) = (ordered[(k - 1) / 10], ordered[k - 1 - ((k - 1) / 10)]);
        phi = Array.ConvertAll(phi, p => Math.Max(Math.Clamp(p, low, high), 1e-6));
        var scale = temperature * k / phi.Sum();
        return Array.ConvertAll(phi, p => (float)(p * scale));
    }
}
