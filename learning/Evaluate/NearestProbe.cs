namespace SslOrleans.Learning.Evaluate;

/// <summary>Nearest other samples by cosine: whether they are of the same class.</summary>
public static class NearestProbe
{
    /// <summary>Mean share of the k nearest others that have a sample's class, for several k; and the nearest of each.</summary>
    /// <param name="features"><c>[N, D]</c>.</param>
    /// <param name="labels">N classes.</param>
    /// <param name="neighbours">Several k, ascending.</param>
    public static (IReadOnlyList<double> Shares, IReadOnlyList<int> First) Evaluate(FeatureMatrix features, int[] labels, IReadOnlyList<int> neighbours)
    {
        var n = features.Count;
        if (n <= neighbours[^1])
            throw new ProbeException($"{n} test samples are not more than {neighbours[^1]} neighbours");
        var unit = Unit(features);
        var (hits, first) = (new long[neighbours.Count], new int[n]);
        var (values, indexes, similarities) = (new float[neighbours[^1]], new int[neighbours[^1]], new float[n]);
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
                similarities[j] = j == i ? float.NegativeInfinity : Dot(unit, features.Width, i, j);
            var nearest = new NearestRows(neighbours[^1]);
            nearest.Add(similarities, 0);
            nearest.Take(values, indexes);
            first[i] = indexes[0];
            for (var k = 0; k < neighbours.Count; k++)
                hits[k] += indexes.Take(neighbours[k]).Count(j => labels[j] == labels[i]);
        }

        return ([.. hits.Select((h, k) => (double)h / n / neighbours[k])], first);
    }

    private static float[] Unit(FeatureMatrix features)
    {
        var unit = features.Rows(0, features.Count).ToArray();
        for (var row = 0; row < features.Count; row++)
        {
            var own = unit.AsSpan(row * features.Width, features.Width);
            var norm = 0.0;
            foreach (var v in own)
                norm += v * v;
            foreach (ref var v in own)
                v = (float)(v / Math.Max(1e-12, Math.Sqrt(norm)));
        }

        return unit;
    }

    private static float Dot(float[] values, int width, int a, int b)
        => System.Numerics.Tensors.TensorPrimitives.Dot(values.AsSpan(a * width, width), values.AsSpan(b * width, width));
}
