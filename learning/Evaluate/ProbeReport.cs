using System.Globalization;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Evaluate;

/// <summary>What a probe found on one layer.</summary>
/// <param name="Probe">Its name.</param>
/// <param name="Layer">backbone, projector.1 …</param>
/// <param name="Values">By name; accuracies as shares of 1.</param>
/// <param name="Notes">What a reader should know.</param>
/// <param name="Error">Why it could not be run; null when it was.</param>
/// <param name="Seconds">What it cost, without the feature pass.</param>
public sealed record ProbeReport(
    string Probe, string Layer, IReadOnlyDictionary<string, double> Values, IReadOnlyList<string> Notes, string? Error, double Seconds)
{
    /// <summary>The layer whose metrics carry no layer in their names.</summary>
    public const string Backbone = "backbone";

    /// <summary>What goes into the encoder of a table: standardised numbers, marks of missing cells, one-hot words. Probes on it are the baseline of those on features.</summary>
    public const string Raw = "raw";

    /// <summary>The values under the names that a run's metrics have: <c>knn</c>, <c>rankme@projector.1</c>.</summary>
    public IEnumerable<KeyValuePair<string, double>> Metrics
        => Values.Select(v => KeyValuePair.Create(Layer == Backbone ? v.Key : $"{v.Key}@{Layer}", v.Value));

    /// <summary>One value of each probe is what a summary shows.</summary>
    public static bool IsHeadline(string metric)
        => metric is "knn" or "linear" or "mlp" or "rankme" or "alphareq" or "std" or "uniformity" or "zeroshot" or "nearest.1" or "recall.captions.1" or "recall.images.1"
            || (metric.StartsWith("fewshot.", StringComparison.Ordinal) && !metric.Contains(".deviation", StringComparison.Ordinal));

    /// <summary>A number for a name: 0.07, 1.</summary>
    internal static string Text(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}

/// <summary>Settings of all probes.</summary>
public sealed record ProbeSettings
{
    /// <summary>k and T of the result that is called <c>knn</c>.</summary>
    public int Neighbours { get; init; } = 20;

    public double Temperature { get; init; } = 0.07;

    /// <summary>Further k; each also with the majority vote.</summary>
    public IReadOnlyList<int> MoreNeighbours { get; init; } = [10, 20, 100, 200];

    public LinearOptions Linear { get; init; } = new();

    public MlpOptions Mlp { get; init; } = new();

    /// <summary>Shares of the labels for the few-shot probe.</summary>
    public IReadOnlyList<double> Shots { get; init; } = [0.01, 0.1];

    /// <summary>The shares that are usual with a kind of samples: SCARF's 25 % beside the others for rows of a table.</summary>
    public static IReadOnlyList<double> ShotsOf(Modality modality) => modality == Modality.Table ? [0.01, 0.1, 0.25] : [0.01, 0.1];

    /// <summary>Threads that a probe may use beside libtorch's.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Ends the probe under way.</summary>
    public CancellationToken Cancellation { get; init; }
}
