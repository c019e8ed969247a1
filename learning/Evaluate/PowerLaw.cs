using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Evaluate;

/// <summary>A straight line through log λ_i over log i.</summary>
/// <param name="Exponent">α of λ_i ∝ i^{−α}.</param>
/// <param name="Determination">R² of the line in log-log coordinates.</param>
public sealed record PowerLaw(double Exponent, double Determination)
{
    /// <summary>Eigenvalues below this share of the largest are noise of single precision and are left out.</summary>
    private const double Noise = 1e-12;

    /// <summary>
    /// α-ReQ (Agrawal et al. 2022; E17): the decay of the covariance eigenvalues of representations before the projector, fitted over
    /// ranks 4 to 100 with weight 1/i at rank i. About 1 is what the paper found to generalise best; far above is collapse, far below is noise.
    /// </summary>
    public static PowerLaw AlphaReq(Spectrum spectrum) => Fit(spectrum.CovarianceEigenvalues, 4, 100, i => 1.0 / i);

    /// <summary>The fit over all ranks with equal weights (Ghosh et al. 2022; E18).</summary>
    public static PowerLaw Whole(Spectrum spectrum) => Fit(spectrum.CovarianceEigenvalues, 1, int.MaxValue, _ => 1);

    /// <summary>Weighted least squares of log λ_i on log i over the ranks <paramref name="first"/> … <paramref name="last"/>, from 1.</summary>
    /// <exception cref="ProbeException">Fewer than three eigenvalues are left.</exception>
    public static PowerLaw Fit(IReadOnlyList<double> eigenvalues, int first, int last, Func<int, double> weight)
    {
        double w = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
        var points = 0;
        for (var i = first; i <= Math.Min(last, eigenvalues.Count) && eigenvalues[i - 1] > Noise * eigenvalues[0]; i++, points++)
        {
            var (wi, xi, yi) = (weight(i), PortableMath.Log(i), PortableMath.Log(eigenvalues[i - 1]));
            (w, x, y, xx, xy, yy) = (w + wi, x + (wi * xi), y + (wi * yi), xx + (wi * xi * xi), xy + (wi * xi * yi), yy + (wi * yi * yi));
        }

        if (points < 3)
            throw new ProbeException($"only {points} eigenvalues from rank {first} on are above noise; a power law needs three");
        var (varianceX, covariance, varianceY) = (xx - (x * x / w), xy - (x * y / w), yy - (y * y / w));
        return new PowerLaw(-covariance / varianceX, varianceY > 0 ? covariance * covariance / (varianceX * varianceY) : 1);
    }
}
