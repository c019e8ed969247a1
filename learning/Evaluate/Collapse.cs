using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Evaluate;

/// <summary>Older measures of dimensional collapse (E18), and the spread of single dimensions (E28).</summary>
public static class Collapse
{
    /// <summary>
    /// Classical rank (Jing et al. 2021): singular values above <c>σ₁ · max(N, D) · 2⁻²³</c>, NumPy's tolerance for single precision.
    /// </summary>
    public static int Rank(Spectrum spectrum)
    {
        var tolerance = spectrum.SingularValues[0] * Math.Max(spectrum.Count, spectrum.Width) * 1.0 / (1 << 23);
        return spectrum.SingularValues.Count(s => s > tolerance);
    }

    /// <summary>
    /// Area under the cumulative singular values (Li et al. 2022): <c>1/K Σ_j Σ_{i≤j} σ_i / Σ σ</c>.
    /// (K+1)/2K for equal singular values, 1 when one holds everything.
    /// </summary>
    public static double Area(Spectrum spectrum)
    {
        double cumulative = 0, area = 0, sum = spectrum.SingularValues.Sum();
        foreach (var s in spectrum.SingularValues)
            area += cumulative += s / sum;
        return area / spectrum.SingularValues.Length;
    }

    /// <summary>
    /// Standard deviation over the rows of each dimension of the ℓ2-normalised features, times √D: mean, least, and the share of
    /// dimensions below 1 % of 1. The mean is about 1 for features spread over the sphere and 0 after complete collapse.
    /// </summary>
    /// <param name="features"><c>[N, D]</c>.</param>
    public static (double Mean, double Least, double Dead) Spread(FeatureMatrix features)
    {
        const int block = 4096;
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var sum = zeros([features.Width], ScalarType.Float64);
        var squares = zeros([features.Width], ScalarType.Float64);
        foreach (var (first, count) in features.Blocks(block))
        {
            using var inner = NewDisposeScope();
            var rows = functional.normalize(features.Tensor(first, count).to(ScalarType.Float64), dim: 1);
            sum.add_(rows.sum(0L));
            squares.add_((rows * rows).sum(0L));
        }

        var mean = sum / (double)features.Count;
        var deviations = ((squares / (double)features.Count) - (mean * mean)).clamp_min(0).sqrt() * Math.Sqrt(features.Width);
        return (deviations.mean().item<double>(), deviations.min().item<double>(), deviations.lt(0.01).to(ScalarType.Float64).mean().item<double>());
    }
}
