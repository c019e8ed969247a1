namespace SslOrleans.Client.Evaluation;

/// <summary>Mean and sample standard deviation over seeds.</summary>
/// <param name="Mean">NaN where nothing was measured.</param>
/// <param name="Deviation">NaN for less than two seeds.</param>
public readonly record struct SeedStatistics(double Mean, double Deviation)
{
    public static SeedStatistics Of(IEnumerable<double> values)
    {
        var all = values.Where(double.IsFinite).ToList();
        if (all.Count == 0)
            return new(double.NaN, double.NaN);
        var mean = all.Average();
        return new(mean, all.Count < 2 ? double.NaN : Math.Sqrt(all.Sum(v => (v - mean) * (v - mean)) / (all.Count - 1)));
    }
}
