using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Evaluate;

/// <summary>
/// Singular values of a feature matrix Z <c>[N, D]</c> and eigenvalues of its covariance, from one pass over the rows.
/// Both come from the Gram matrix ZᵀZ <c>[D, D]</c>, summed in double precision: singular values below 1e-7 of the largest are noise,
/// as they are in single-precision features themselves.
/// </summary>
/// <param name="Count">N.</param>
/// <param name="Width">D.</param>
/// <param name="SingularValues">σ of Z, not centred, highest first: min(N, D) values.</param>
/// <param name="CovarianceEigenvalues">λ of (Z−μ)ᵀ(Z−μ)/N, highest first: D values.</param>
public sealed record Spectrum(int Count, int Width, double[] SingularValues, double[] CovarianceEigenvalues)
{
    private const int Block = 4096;

    /// <exception cref="ProbeException">There are no rows, or all values are zero.</exception>
    public static Spectrum Of(FeatureMatrix features)
    {
        if (features.Count == 0)
            throw new ProbeException("there are no features");
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var gram = zeros([features.Width, features.Width], ScalarType.Float64);
        var sum = zeros([features.Width], ScalarType.Float64);
        foreach (var (first, count) in features.Blocks(Block))
        {
            using var inner = NewDisposeScope();
            var rows = features.Tensor(first, count).to(ScalarType.Float64);
            gram.add_(rows.t().mm(rows));
            sum.add_(rows.sum(0L));
        }

        var mean = sum / (double)features.Count;
        var eigenvalues = Descending(linalg.eigvalsh(gram));
        if (!(eigenvalues[0] > 0))
            throw new ProbeException("all features are zero: the encoder has collapsed to nothing");
        var singular = Array.ConvertAll(eigenvalues[..Math.Min(features.Count, features.Width)], Math.Sqrt);
        var covariance = (gram / (double)features.Count) - outer(mean, mean);
        return new Spectrum(features.Count, features.Width, singular, Descending(linalg.eigvalsh(covariance)));
    }

    private static double[] Descending(Tensor ascending)
    {
        var values = ascending.Values<double>();
        Array.Reverse(values);
        return Array.ConvertAll(values, v => Math.Max(v, 0));
    }
}
