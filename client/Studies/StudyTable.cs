using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Evaluation;
using SslOrleans.Client.Sweep;

namespace SslOrleans.Client.Studies;

/// <summary>What the runs of an arm have in common.</summary>
/// <param name="Arm">Its name.</param>
/// <param name="Runs">A run for each seed.</param>
public sealed record ArmResult(string Arm, IReadOnlyList<SweepEntry> Runs)
{
    /// <summary>Mean and, of two seeds and more, sample standard deviation; NaN where nothing was measured.</summary>
    public SeedStatistics Of(string name) => SeedStatistics.Of(Runs.Where(r => r.Values.ContainsKey(name)).Select(r => r.Values[name]));
}

/// <summary>A row an arm.</summary>
public static class StudyTable
{
    /// <summary>Metrics and how they are headed; accuracies first.</summary>
    public static IReadOnlyList<(string Name, string Heading, bool Accuracy)> Columns { get; } =
    [
        ("linear", "linear", true),
        ("knn", "kNN", true),
        ("online", "online", true),
        ("rankme", "RankMe repr.", false),
        ("rankme.embeddings", "RankMe emb.", false),
        ("std", "std repr.", false),
        ("std.embeddings", "std emb.", false),
    ];

    public static void Show(Screen screen, IReadOnlyList<ArmResult> results)
    {
        var shown = Columns.Where(c => results.Any(r => !double.IsNaN(r.Of(c.Name).Mean))).ToList();
        screen.Table(["arm", .. shown.Select(c => c.Heading)], results.Select(r => (IReadOnlyList<string>)[r.Runs.Any(e => e.Failed is not null) ? $"{r.Arm} (failed)" : r.Arm, .. shown.Select(c => Text(r.Of(c.Name), c.Accuracy))]));
    }

    private static string Text(SeedStatistics value, bool accuracy)
    {
        var (scale, format) = accuracy ? (100, "F1") : (1, "G3");
        return double.IsNaN(value.Mean) ? ""
            : (value.Mean * scale).ToString(format, CultureInfo.InvariantCulture)
                + (double.IsNaN(value.Deviation) ? "" : $" ± {(value.Deviation * scale).ToString(format, CultureInfo.InvariantCulture)}")
                + (accuracy ? " %" : "");
    }
}
