using System.Globalization;

namespace SslOrleans.Client.Sweep;

/// <summary>What is known of a trained run of a sweep.</summary>
/// <param name="Point">Its settings.</param>
/// <param name="Run">Its name.</param>
/// <param name="WeightsHash">Of the version that was measured.</param>
/// <param name="Values">linear, knn, rankme, alphareq …</param>
/// <param name="Stopped">Why it was stopped as hopeless and has no values; null when it was not.</param>
/// <param name="Failed">Why it failed and has no values, as when its loss was lost; null when it did not.</param>
public sealed record SweepEntry(SweepPoint Point, string Run, string WeightsHash, IReadOnlyDictionary<string, double> Values, string? Stopped = null, string? Failed = null);

/// <summary>A way to choose a run.</summary>
/// <param name="Name">As <c>--select</c> takes it.</param>
/// <param name="Title">As tables say it.</param>
/// <param name="Score">Higher is better; NaN when it was not measured.</param>
/// <param name="NeedsLabels">It looks at test labels.</param>
public sealed record SweepCriterion(string Name, string Title, Func<SweepEntry, double> Score, bool NeedsLabels);

/// <summary>The cookbook's Table 3 (E21): the linear accuracy of the run that each criterion picks, and its gap to the oracle.</summary>
public static class SweepTable
{
    /// <summary>Every criterion; the first is the oracle.</summary>
    public static IReadOnlyList<SweepCriterion> Criteria { get; } =
    [
        new("linear", "oracle (linear probe)", e => Value(e, "linear"), true),
        new("knn", "kNN", e => Value(e, "knn"), true),
        new("rankme", "RankMe, embeddings", e => Value(e, "rankme.embeddings"), false),
        new("rankme-backbone", "RankMe, representations", e => Value(e, "rankme"), false),
        new("alphareq", "α-ReQ (nearest to 1)", e => -Math.Abs(Value(e, "alphareq") - 1), false),
    ];

    /// <summary>What a criterion picks; null when no run has its value.</summary>
    public static SweepEntry? Pick(IReadOnlyList<SweepEntry> entries, SweepCriterion criterion)
        => entries.Where(e => !double.IsNaN(criterion.Score(e))).MaxBy(criterion.Score);

    /// <summary>A row a run.</summary>
    public static (string[] Headings, IEnumerable<IReadOnlyList<string>> Rows) Runs(IReadOnlyList<SweepEntry> entries)
        => (["run", "linear", "kNN", "RankMe emb.", "RankMe repr.", "α-ReQ"],
            entries.Select(e => (IReadOnlyList<string>)[e.Run + (e.Failed is not null ? " (failed)" : e.Stopped is not null ? " (stopped)" : ""), Share(Value(e, "linear")), Share(Value(e, "knn")), Number(Value(e, "rankme.embeddings")), Number(Value(e, "rankme")), Number(Value(e, "alphareq"))]));

    /// <summary>A row a criterion.</summary>
    public static (string[] Headings, IEnumerable<IReadOnlyList<string>> Rows) Selection(IReadOnlyList<SweepEntry> entries)
    {
        var oracle = Pick(entries, Criteria[0]);
        return (["criterion", "picks", "linear", "gap to oracle"], Criteria.Select(c =>
        {
            var picked = Pick(entries, c);
            return (IReadOnlyList<string>)(picked is null
                ? [c.Title, "not measured", "", ""]
                : [c.Title, picked.Point.ToString(), Share(Value(picked, "linear")), oracle is null ? "" : (100 * (Value(oracle, "linear") - Value(picked, "linear"))).ToString("F1", CultureInfo.InvariantCulture)]);
        }));
    }

    private static double Value(SweepEntry entry, string name) => entry.Values.TryGetValue(name, out var value) ? value : double.NaN;

    private static string Share(double value) => double.IsNaN(value) ? "" : value.ToString("P1", CultureInfo.InvariantCulture);

    private static string Number(double value) => double.IsNaN(value) ? "" : value.ToString("G4", CultureInfo.InvariantCulture);
}
