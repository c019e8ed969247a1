using SslOrleans.Client.Sweep;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Results;

/// <summary>Trains and measures the runs of a table one after the other; what is on disk is not done again.</summary>
/// <param name="sweep">Trains and measures one.</param>
/// <param name="plan">The table.</param>
/// <param name="runs">Folder of the runs.</param>
/// <param name="data">Goes before what the file says; null: as the file says.</param>
/// <param name="more">Settings that go after all others.</param>
public sealed class ResultsRunner(SweepRunner sweep, ResultsPlan plan, string runs, string? data, IReadOnlyList<string> more)
{
    /// <summary>Every run by row and seed. Ends early when one was stopped before its end.</summary>
    /// <exception cref="UserErrorException">A run of that name has another recipe, or no data set is named.</exception>
    public async IAsyncEnumerable<ResultsRun> All([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var row in plan.Rows)
            _ = DataOf(row);
        foreach (var row in plan.Rows)
        {
            foreach (var seed in plan.Seeds)
            {
                if (await One(row, seed, plan.RunOf(row, seed), cancellation) is not { } run)
                    yield break;
                yield return run;
            }
        }
    }

    /// <summary>One run under a name.</summary>
    /// <returns>Null when it was stopped before its end.</returns>
    public async Task<ResultsRun?> One(ResultsRow row, ulong seed, string name, CancellationToken cancellation)
    {
        var recipe = plan.RecipeOf(row, seed, more);
        var line = new ResultsRun { Row = row.Name, Recipe = recipe.Name, Seed = seed };
        if (row.Untrained)
            return line with { Values = (await sweep.Untrained(name, recipe, DataOf(row), cancellation)).Values };
        if (await sweep.Run(new SweepPoint([.. row.Set]), name, recipe, DataOf(row), cancellation) is not { } entry)
            return null;
        var storage = RunStorage.Open(runs);
        var entries = await Ledger.Read(storage, name, cancellation);
        line = line with { Run = name, Failed = entry.Failed ?? "", Steps = entries.Count, Numerics = (await RunRecord.Read(storage, name))?.NumericsClass ?? "" };
        return entries.Count == 0
            ? line
            : line with
            {
                Samples = entries.Sum(e => (long)e.Count),
                Seconds = entries.Sum(e => e.Seconds),
                ImagesPerSecond = recipe.Batch.Effective / Median(entries.Select(e => e.Seconds)),
                Weights = entries[^1].Hash,
                Ledger = entries[^1].Chain,
                Values = WithBest(name, entry.Values),
            };
    }

    private string DataOf(ResultsRow row)
    {
        var path = data ?? (row.Data.Length > 0 ? row.Data : plan.Data);
        return path.Length > 0 ? path : throw new UserErrorException($"Table {plan.Name} names no data set for row {row.Name}; give --data PATH.");
    }

    private IReadOnlyDictionary<string, double> WithBest(string run, IReadOnlyDictionary<string, double> values)
    {
        var path = Path.Combine(runs, run, "metrics.jsonl");
        var curve = File.Exists(path) ? MetricsFile.Read(path)["knn"].Select(p => p.Value).Where(double.IsFinite).ToList() : [];
        return curve.Count == 0 || !values.TryGetValue("knn", out var last) ? values : new Dictionary<string, double>(values) { ["knn.best"] = Math.Max(last, curve.Max()) };
    }

    private static double Median(IEnumerable<double> values)
    {
        var ordered = values.Order().ToList();
        return ordered[ordered.Count / 2];
    }
}
