using System.Text.Json;
using SslOrleans.Client.Commands;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Evaluation;
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
/// was cut off goes on from its checkpoint, and what was measured on the same weights is read from <c>evaluation.json</c>.
/// </summary>
public sealed class SweepRunner(Screen screen, ITrainingSessions sessions, string runs, string dataPath, int workers, Device device)
{
    private const string FileName = "evaluation.json";

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Trains what is not trained and measures it.</summary>
    /// <returns>Null when the run was stopped before its end.</returns>
    /// <exception cref="UserErrorException">The run failed, or a run of that name has another recipe.</exception>
    public async Task<SweepEntry?> Run(SweepPoint point, string run, Recipe recipe, CancellationToken cancellation)
    {
        var path = Path.Combine(runs, run, FileName);
        if (File.Exists(path))
        {
            var kept = JsonSerializer.Deserialize<Measured>(await File.ReadAllTextAsync(path, cancellation), s_json)!;
            await MustBeSame(run, recipe);
            return new SweepEntry(point, run, kept.WeightsHash, kept.Values);
        }

        var exists = await RunRecord.Read(RunStorage.Open(runs), run) is not null;
        var status = await TrainCommand.Train(
            Quiet(), sessions, new TrainingRequest(run, recipe, dataPath, runs, Resume: exists, Workers: workers), cancellation);
        if (status?.Phase is RunPhase.Failed)
            throw new UserErrorException($"{run}: {status.Message}");
        if (status?.Phase is not RunPhase.Completed || cancellation.IsCancellationRequested)
            return null;
        var measured = await Measure(run, cancellation);
        await File.WriteAllTextAsync(path + ".new", JsonSerializer.Serialize(measured, s_json), CancellationToken.None);
        File.Move(path + ".new", path, overwrite: true);
        return new SweepEntry(point, run, measured.WeightsHash, measured.Values);
    }

    private async Task<Measured> Measure(string run, CancellationToken cancellation)
    {
        var values = new Dictionary<string, double>();
        var request = new EvaluateRequest(run, runs, null, ["knn", "linear", "rank"], [ProbeReport.Backbone], null, false, null, [], null, device);
        var (reports, hash) = await EncoderEvaluation.Measure(request, Quiet(), cancellation);
        foreach (var report in reports)
        {
            foreach (var (name, value) in report.Values)
                values[name] = value;
        }

        // RankMe is defined on the embeddings (eq. 17), alpha-ReQ in front of the projector (E17): both are kept.
        var (embeddings, _) = await EncoderEvaluation.Measure(request with { Probes = ["rank"], Layers = [EncoderEvaluation.LastLayer] }, Quiet(), cancellation);
        if (embeddings[0].Values.TryGetValue("rankme", out var rank))
            values["rankme.embeddings"] = rank;
        return new Measured(hash, values);
    }

    private async Task MustBeSame(string run, Recipe recipe)
    {
        var differences = RecipeReader.Differences(await RunRecord.ReadRecipe(RunStorage.Open(runs), run), recipe);
        if (differences.Count > 0)
            throw new UserErrorException($"Run {run} was trained with another recipe ({string.Join("; ", differences.Take(3))}); give the sweep another --name.");
    }

    /// <summary>Progress goes to standard error, so that standard output is the tables.</summary>
    private Screen Quiet() => new(TextWriter.Null, screen.Error, isTerminal: false);

    private sealed record Measured(string WeightsHash, Dictionary<string, double> Values);
}
