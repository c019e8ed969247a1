using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Evaluate;

/// <summary>A straight line through log v_i over log i, of eigenvalues or singular values v.</summary>
/// <param name="Exponent">α of v_i ∝ i^{−α}.</param>
/// <param name="Determination">R² of the line in log-log coordinates.</param>
public sealed record PowerLaw(double Exponent, double Determination)
{
    /// <summary>Eigenvalues below this share of the largest are noise of single precision and are left out; of singular values its root.</summary>
    private const double Noise = 1e-12;

    /// <summary>
    /// α-ReQ (Agrawal et al. 2022; E17): the decay of the covariance eigenvalues of representations before the projector, fitted over
    /// ranks 4 to 100 with weight 1/i at rank i. About 1 is what the paper found to generalise best; far above is collapse, far below is noise.
    /// </summary>
    public static PowerLaw AlphaReq(Spectrum spectrum) => Fit(spectrum.CovarianceEigenvalues, 4, 100, i => 1.0 / i);

    /// <summary>The fit to the singular values of Z over all ranks with equal weights (Ghosh et al. 2022; E18).</summary>
    public static PowerLaw Whole(Spectrum spectrum) => Fit(spectrum.SingularValues, 1, int.MaxValue, _ => 1, Math.Sqrt(Noise));

    /// <summary>Weighted least squares of log v_i on log i over the ranks <paramref name="first"/> … <paramref name="last"/>, from 1.</summary>
    /// <param name="values">v, highest first.</param>
    /// <param name="first">First rank.</param>
    /// <param name="last">Last rank, or more than there are.</param>
    /// <param name="weight">Weight of a rank.</param>
    /// <param name="noise">Values below this share of the largest are left out.</param>
    /// <exception cref="ProbeException">Fewer than three values are left.</exception>
    public static PowerLaw Fit(IReadOnlyList<double> values, int first, int last, Func<int, double> weight, double noise = Noise)
    {
        double w = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
        var points = 0;
        for (var i = first; i <= Math.Min(last, values.Count) && values[i - 1] > noise * values[0]; i++, points++)
        {
            var (wi, xi, yi) = (weight(i), PortableMath.Log(i), PortableMath.Log(values[i - 1]));
            (w, x, y, xx, xy, yy) = (w + wi, x + (wi * xi), y + (wi * yi), xx + (wi * xi * xi), xy + (wi * xi * yi), yy + (wi * yi * yi));
        }

        if (points < 3)
            throw new ProbeException($"only {points} values from rank {first} on are above noise; a power law needs three");
        var (varianceX, covariance, varianceY) = (xx - (x * x / w), xy - (x * y / w), yy - (y * y / w));
        return new PowerLaw(-covariance / varianceX, varianceY > 0 ? covariance * covariance / (varianceX * varianceY) : 1);
    }
}
