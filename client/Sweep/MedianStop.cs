using SslOrleans.Client.Training;

namespace SslOrleans.Client.Sweep;

/// <summary>
/// Which runs of a sweep are not worth finishing (Golovin et al., Google Vizier, 2017: the median stopping rule): at a probe, a run stops
/// whose best value so far is below the median over the finished runs of their mean value up to that step. It needs no model of a curve,
/// and a run that is better than half of the others is never stopped.
/// </summary>
/// <param name="metric">Higher is better: knn, rankme, std …</param>
/// <param name="leastRuns">Finished runs before the first is stopped.</param>
/// <param name="leastShare">Share of a run that is always trained: warm-ups look hopeless.</param>
public sealed class MedianStop(string metric, int leastRuns = 3, double leastShare = 0.2)
{
    private readonly List<IReadOnlyList<MetricPoint>> _finished = [];

    /// <summary>Name of the metric in the run's probes.</summary>
    public string Metric => metric;

    /// <summary>Takes the curve of a run that was trained to its end.</summary>
    public void Finished(IReadOnlyList<MetricPoint> curve)
    {
        if (curve.Any(p => double.IsFinite(p.Value)))
            _finished.Add([.. curve.Where(p => double.IsFinite(p.Value))]);
    }

    /// <summary>Why the run is hopeless at its last point; null when it is not.</summary>
    /// <param name="curve">Its points so far.</param>
    /// <param name="totalSteps">Steps that it has in all.</param>
    public string? Verdict(IReadOnlyList<MetricPoint> curve, long totalSteps)
    {
        if (curve.Count == 0 || curve[^1].Step < leastShare * totalSteps || curve[^1].Step >= totalSteps)
            return null;
        var step = curve[^1].Step;
        var means = _finished.Select(f => f.Where(p => p.Step <= step).Select(p => p.Value).DefaultIfEmpty(double.NaN).Average())
            .Where(double.IsFinite).Order().ToList();
        if (means.Count < leastRuns)
            return null;
        var median = (means[(means.Count - 1) / 2] + means[means.Count / 2]) / 2;
        var best = curve.Select(p => p.Value).Where(double.IsFinite).DefaultIfEmpty(double.NegativeInfinity).Max();
        return best < median
            ? FormattableString.Invariant($"{metric} is at most {best:G4} up to step {step}, the median of {means.Count} finished runs is {median:G4}")
            : null;
    }
}
