using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Evaluate;

/// <summary>Alignment and uniformity on the unit sphere (Wang and Isola 2020; M182). Lower is better for both, and each is easy alone.</summary>
public static class AlignmentUniformity
{
    /// <summary>Rows that uniformity looks at, at most: it grows with their square.</summary>
    public const int MostRows = 10_000;

    /// <summary>E‖f(x) − f(x⁺)‖² over the pairs of ℓ2-normalised features of two views.</summary>
    /// <param name="first"><c>[P, D]</c>.</param>
    /// <param name="second"><c>[P, D]</c>, the other view of the same images.</param>
    public static double Alignment(FeatureMatrix first, FeatureMatrix second)
    {
        if (first.Count != second.Count || first.Width != second.Width)
            throw new ArgumentException($"[{first.Count}, {first.Width}] and [{second.Count}, {second.Width}] are no pairs.");
        using var off = no_grad();
        var sum = 0.0;
        foreach (var (at, count) in first.Blocks(4096))
        {
            using var scope = NewDisposeScope();
            var difference = functional.normalize(first.Tensor(at, count), dim: 1) - functional.normalize(second.Tensor(at, count), dim: 1);
            sum += difference.to(ScalarType.Float64).square().sum().item<double>();
        }

        return sum / first.Count;
    }

    /// <summary>log E e^{−t‖f(x)−f(y)‖²} over all pairs of different rows, with t = 2; the first <see cref="MostRows"/> rows.</summary>
    /// <param name="features"><c>[N, D]</c>.</param>
    /// <param name="t">t.</param>
    /// <exception cref="ProbeException">There is only one row.</exception>
    public static double Uniformity(FeatureMatrix features, double t = 2)
    {
        var rows = Math.Min(features.Count, MostRows);
        if (rows < 2)
            throw new ProbeException("uniformity needs at least two images");
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var all = functional.normalize(features.Tensor(0, rows), dim: 1);
        var transposed = all.t();
        var sum = 0.0;
        for (var first = 0; first < rows; first += 512)
        {
            using var inner = NewDisposeScope();
            var cosines = all.narrow(0, first, Math.Min(512, rows - first)).mm(transposed);

            // ‖a − b‖² = 2 − 2cos on the sphere. The diagonal gives e⁰ = 1 up to rounding and is taken off below.
            sum += ((cosines - 1) * (2 * t)).exp().to(ScalarType.Float64).sum().item<double>();
        }

        return PortableMath.Log((sum - rows) / ((double)rows * (rows - 1)));
    }
}
