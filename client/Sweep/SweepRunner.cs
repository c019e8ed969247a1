using System.Text.Json;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Evaluation;
using SslOrleans.Client.Running;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Evaluate;
using static TorchSharp.torch;

namespace SslOrleans.Client.Sweep;

/// <summary>
/// Trains and measures the runs of a sweep one after the other. All it knows is on disk: a run that is trained is not trained again, one that
/// was cut off goes on from its checkpoint, and what was measured on the same weights is read from <c>evaluation.json</c>. A run that was
/// stopped as hopeless has <c>stopped.json</c>; a call without the rule goes on with it.
/// </summary>
/// <param name="screen">Is told what goes on.</param>
/// <param name="sessions">Where runs are trained.</param>
/// <param name="runs">Folder of the runs.</param>
/// <param name="workers">Of each run.</param>
/// <param name="device">That measures.</param>
/// <param name="probes">On the backbone's features; null: kNN, linear, rank and spread.</param>
/// <param name="stop">Ends runs that are not worth finishing; null: none.</param>
public sealed class SweepRunner(
    Screen screen, ITrainingSessions sessions, string runs, WorkerCount workers, Device device, IReadOnlyList<string>? probes = null, MedianStop? stop = null)
{
    private const string FileName = "evaluation.json";
    private const string StoppedName = "stopped.json";
    private const string UntrainedName = "untrained.json";

    /// <summary>Steps whose online accuracy is averaged: one batch's is coarse.</summary>
    private const int LastSteps = 20;

    private readonly IReadOnlyList<string> _probes = probes ?? ["knn", "linear", "rank", "std"];

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Trains what is not trained and measures it.</summary>
    /// <returns>Null when the run was stopped before its end.</returns>
    /// <exception cref="UserErrorException">A run of that name has another recipe.</exception>
    public async Task<SweepEntry?> Run(SweepPoint point, string run, Recipe recipe, string dataPath, CancellationToken cancellation)
    {
        var path = Path.Combine(runs, run, FileName);
        if (await Kept(path) is { } kept)
        {
            await MustBeSame(run, recipe);
            stop?.Finished(Curve(run, stop.Metric));
            return new SweepEntry(point, run, kept.WeightsHash, kept.Values);
        }

        var stopped = Path.Combine(runs, run, StoppedName);
        if (stop is not null && File.Exists(stopped))
        {
            var why = JsonSerializer.Deserialize<Hopeless>(await File.ReadAllTextAsync(stopped, cancellation), s_json)!.Why;
            await MustBeSame(run, recipe);
            return new SweepEntry(point, run, "", new Dictionary<string, double>(), why);
        }

        var exists = await RunRecord.Read(RunStorage.Open(runs), run) is not null;
        var watched = stop is null ? null : new WatchedSessions(sessions, stop, exists ? Curve(run, stop.Metric) : []);
        var status = await WatchedTraining.Run(
            Quiet(), watched ?? sessions, new TrainingRequest(run, recipe, dataPath, runs, Resume: exists, Workers: workers), cancellation);
        if (status?.Phase is RunPhase.Failed)
        {
            // As with a learning rate that is too high: the others tell as much without it.
            screen.Note($"{run} failed: {status.Message}");
            return new SweepEntry(point, run, status.WeightsHash, new Dictionary<string, double>(), Failed: status.Message);
        }

        if (watched?.Stopped is { } hopeless && status?.Phase is RunPhase.Stopped && !cancellation.IsCancellationRequested)
        {
            await Write(stopped, new Hopeless(hopeless));
            return new SweepEntry(point, run, status.WeightsHash, new Dictionary<string, double>(), hopeless);
        }

        if (status?.Phase is not RunPhase.Completed || cancellation.IsCancellationRequested)
            return null;
        stop?.Finished(Curve(run, stop.Metric));
        var measured = await Measure(new EvaluateRequest(run, runs, null, _probes, [ProbeReport.Backbone], null, false, null, [], null, device), cancellation);
        if (Curve(run, "onlineAccuracy") is { Count: > 0 } online)
            measured.Values["online"] = online.TakeLast(LastSteps).Average(p => p.Value);
        await Write(path, measured);
        return new SweepEntry(point, run, measured.WeightsHash, measured.Values);
    }

    /// <summary>Measures a recipe's encoder as its seed initialises it; kept under the run's name.</summary>
    /// <exception cref="UserErrorException">What is there under this name was measured with another recipe.</exception>
    public async Task<SweepEntry> Untrained(string run, Recipe recipe, string dataPath, CancellationToken cancellation)
    {
        var path = Path.Combine(runs, run, UntrainedName);
        if (await Kept(path) is { } kept)
        {
            var differences = RecipeReader.Differences(RecipeReader.Parse(kept.Recipe, where: path), recipe);
            return differences.Count == 0
                ? new SweepEntry(new SweepPoint([]), run, "", kept.Values)
                : throw new UserErrorException($"{path} was measured with another recipe ({string.Join("; ", differences.Take(3))}); remove it, or choose another name.");
        }

        var measured = await Measure(new EvaluateRequest(run, runs, dataPath, _probes, [ProbeReport.Backbone], null, false, null, [], null, device) { Untrained = recipe }, cancellation);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await Write(path, measured with { Recipe = RecipeReader.Write(recipe) });
        return new SweepEntry(new SweepPoint([]), run, "", measured.Values);
    }

    /// <summary>What was measured before, when all was that is asked for now.</summary>
    private async Task<Measured?> Kept(string path)
        => File.Exists(path) && JsonSerializer.Deserialize<Measured>(await File.ReadAllTextAsync(path), s_json) is { } kept && _probes.All(kept.Probes.Contains) ? kept : null;

    private static async Task Write<T>(string path, T value)
    {
        await File.WriteAllTextAsync(path + ".new", JsonSerializer.Serialize(value, s_json), CancellationToken.None);
        File.Move(path + ".new", path, overwrite: true);
    }

    private IReadOnlyList<MetricPoint> Curve(string run, string metric)
    {
        var path = Path.Combine(runs, run, "metrics.jsonl");
        return File.Exists(path) ? MetricsFile.Read(path)[metric] : [];
    }

    private async Task<Measured> Measure(EvaluateRequest request, CancellationToken cancellation)
    {
        var values = new Dictionary<string, double>();
        var (reports, hash) = await EncoderEvaluation.Measure(request, Quiet(), cancellation);
        foreach (var report in reports)
        {
            foreach (var (name, value) in report.Values)
                values[name] = value;
        }

        // RankMe is defined on the embeddings (eq. 17), alpha-ReQ in front of the projector (E17): both are kept.
        var (embeddings, _) = await EncoderEvaluation.Measure(request with { Probes = ["rank", "std"], Layers = [EncoderEvaluation.LastLayer] }, Quiet(), cancellation);
        foreach (var name in new[] { "rankme", "std" })
        {
            if (embeddings.Select(e => e.Values).FirstOrDefault(v => v.ContainsKey(name)) is { } found)
                values[$"{name}.embeddings"] = found[name];
        }

        return new Measured(hash, values) { Probes = _probes };
    }

    private async Task MustBeSame(string run, Recipe recipe)
    {
        var differences = RecipeReader.Differences(await RunRecord.ReadRecipe(RunStorage.Open(runs), run), recipe);
        if (differences.Count > 0)
            throw new UserErrorException($"Run {run} was trained with another recipe ({string.Join("; ", differences.Take(3))}); give the sweep another --name.");
    }

    /// <summary>Progress goes to standard error, so that standard output is the tables.</summary>
    private Screen Quiet() => new(TextWriter.Null, screen.Error, isTerminal: false);

    private sealed record Hopeless(string Why);

    private sealed record Measured(string WeightsHash, Dictionary<string, double> Values)
    {
        /// <summary>What was asked for.</summary>
        public IReadOnlyList<string> Probes { get; init; } = [];

        /// <summary>Of an untrained encoder; a run has its own.</summary>
        public string Recipe { get; init; } = "";
    }
}
