using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Evaluate;

/// <summary>
/// Features on their first two principal components: the plane on which they vary most. Near on the map does not mean near in the features,
/// the less so the smaller the shares of variance are.
/// </summary>
/// <param name="X">First coordinates, one for each row.</param>
/// <param name="Y">Second ones.</param>
/// <param name="ShareX">Share of the variance along the first component, 0 … 1.</param>
/// <param name="ShareY">Along the second.</param>
public sealed record PrincipalMap(float[] X, float[] Y, double ShareX, double ShareY)
{
    private const int Block = 4096;

    /// <summary>The map of all rows <c>[N, D]</c>; of each component the largest weight is positive, so that a map is a function of its features.</summary>
    /// <exception cref="ProbeException">There is no plane: one dimension, or features that do not vary.</exception>
    public static PrincipalMap Of(FeatureMatrix features)
    {
        if (features.Width < 2 || features.Count < 3)
            throw new ProbeException($"{features.Count} features of {features.Width} dimensions make no map");
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var sum = zeros([features.Width], ScalarType.Float64);
        foreach (var (first, count) in features.Blocks(Block))
        {
            using var inner = NewDisposeScope();
            sum.add_(features.Tensor(first, count).to(ScalarType.Float64).sum(0L));
        }

        var mean = sum / (double)features.Count;
        var scatter = zeros([features.Width, features.Width], ScalarType.Float64);
        foreach (var (first, count) in features.Blocks(Block))
        {
            using var inner = NewDisposeScope();
            var rows = features.Tensor(first, count).to(ScalarType.Float64) - mean;
            scatter.add_(rows.t().mm(rows));
        }

        var (eigenvalues, vectors) = linalg.eigh(scatter);
        var total = eigenvalues.sum().item<double>();
        if (!(total > 0))
            throw new ProbeException("all features are equal: the encoder has collapsed to one point");
        var (x, shareX) = Component(1);
        var (y, shareY) = Component(2);
        return new PrincipalMap(x, y, shareX, shareY);

        (float[] Coordinates, double Share) Component(int fromLast)
        {
            var axis = vectors.select(1, features.Width - fromLast);
            var weights = axis.Values<double>();
            var sign = Math.Sign(weights.MaxBy(Math.Abs));
            var coordinates = new float[features.Count];
            foreach (var (first, count) in features.Blocks(Block))
            {
                using var inner = NewDisposeScope();
                var along = (features.Tensor(first, count).to(ScalarType.Float64) - mean).mv(axis * sign).to(ScalarType.Float32);
                along.CopyTo(coordinates.AsSpan(first));
            }

            return (coordinates, eigenvalues[features.Width - fromLast].item<double>() / total);
        }
    }
}
