using SslOrleans.Learning.Numerics;
using System.Diagnostics;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Data;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Client.Evaluation;

/// <summary>What <c>sslo evaluate</c> was asked for.</summary>
public sealed record EvaluateRequest(
    string What,
    string Runs,
    string? DataPath,
    IReadOnlyList<string> Probes,
    IReadOnlyList<string> Layers,
    long? Step,
    bool Teacher,
    string? RecipeName,
    IReadOnlyList<string> Overrides,
    int? Epochs,
    Device Device)
{
    /// <summary>The encoder as this recipe's seed initialises it, instead of a run's or a file's.</summary>
    public Recipe? Untrained { get; init; }
}

/// <summary>One feature pass, then every probe on every layer.</summary>
public static class EncoderEvaluation
{
    /// <summary>Images of which views are compared.</summary>
    private const int Pairs = 1024;

    /// <summary>Images that are turned.</summary>
    private const int Rotations = 2000;

    /// <summary>A layer's name that means the last one, whatever it is called.</summary>
    public const string LastLayer = "last";

    /// <summary>Full fine-tuning: no probe of features, and dear.</summary>
    public const string FineTune = "finetune";

    /// <exception cref="UserErrorException">The encoder, the data or a layer is not there.</exception>
    public static async Task<IReadOnlyList<ProbeReport>> Run(EvaluateRequest order, Screen screen, CancellationToken cancellation)
        => (await Measure(order, screen, cancellation)).Reports;

    /// <summary>The same, with the hash of the weights.</summary>
    public static async Task<(IReadOnlyList<ProbeReport> Reports, string WeightsHash)> Measure(EvaluateRequest order, Screen screen, CancellationToken cancellation)
    {
        var threads = Environment.ProcessorCount;
        ThreadCount.Set(threads);
        var source = await EncoderSource.Open(order);
        using var encoder = source.Encoder;
        ThreadCount.Set(threads);
        var path = order.DataPath ?? (source.DataPath.Length > 0 ? source.DataPath : source.Recipe.Data.Path);
        if (path.Length == 0)
            throw new UserErrorException("No data set is named; give --data PATH.");
        using var data = TrainingData.Open(source.Recipe, DataLocations.Access(path, options => options with { UndecodableLimit = SourceOptions.MostUndecodable }));
        if (!encoder.ReadsTexts && order.Probes.Count == ProbeSuite.All.Count)
            order = order with { Probes = [.. order.Probes.Except(ProbeSuite.OfTexts)] };
        var layers = Layers(order.Layers, encoder, order.What);
        var refusal = order.Probes.Contains("rotation") ? RotationProbe.Refusal(source.Recipe) : null;
        var kinds = source.Recipe.Views.SelectMany(v => Enumerable.Repeat(v.Kind, v.Count)).Take(2).ToList();
        var views = kinds.Count == 2 && kinds[0] == kinds[1] && (order.RecipeName is not null || source.DataPath.Length > 0);
        var features = new FeatureOrder
        {
            Layers = layers,
            Pairs = order.Probes.Contains("alignment") && views ? (int)Math.Min(Pairs, data.Samples) : 0,
            Rotations = order.Probes.Contains("rotation") && refusal is null ? Rotations : 0,
        };
        var started = Stopwatch.GetTimestamp();
        var extracted = await Progress.Run(
            screen, $"features of {order.What}", 1, _ => "", progress => FeaturePass.Run(encoder, data, features, (done, all) => progress.Report((double)done / all), cancellation));
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        try
        {
            Head(screen, order, source, extracted[0], seconds);
            var settings = Settings(source, order, threads) with { Cancellation = cancellation };
            var reports = new List<ProbeReport>();
            foreach (var layer in extracted)
            {
                foreach (var probe in order.Probes.Where(p => p != FineTune))
                {
                    cancellation.ThrowIfCancellationRequested();
                    var report = probe == "rotation" && refusal is not null
                        ? new ProbeReport(probe, layer.Layer, new Dictionary<string, double>(), [], refusal, 0)
                        : ProbeSuite.Run([probe], [layer], settings)[0];
                    Show(screen, order, source, report);
                    reports.Add(report);
                }
            }

            if (order.Probes.Contains(FineTune))
            {
                reports.Add(Tuned(source, path, screen, cancellation));
                Show(screen, order, source, reports[^1]);
            }

            return (reports, source.WeightsHash);
        }
        finally
        {
            foreach (var layer in extracted)
                layer.Dispose();
        }
    }

    private static ProbeReport Tuned(EncoderSource source, string path, Screen screen, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var values = new Dictionary<string, double>();
        var notes = new List<string>();
        string? error = null;
        try
        {
            var plan = FineTuning.Plan(source.Recipe);
            using var data = TrainingData.Open(plan, DataLocations.Access(path, options => options with { UndecodableLimit = SourceOptions.MostUndecodable }));
            var score = FineTuning.Run(source.Encoder, plan, data, (epoch, loss, accuracy) =>
            {
                if (!screen.Json)
                    screen.Note(string.Create(CultureInfo.InvariantCulture, $"fine-tuning, epoch {epoch}: loss {loss:F3}, test accuracy {accuracy:P1}"));
            }, cancellation);
            (values[FineTune], values[$"{FineTune}.best"], values[$"{FineTune}.loss"]) = (score.Accuracy, score.Best, score.Loss);
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"last of {plan.Epochs} epochs; best was epoch {score.BestEpoch}; layer decay {plan.Optimizer.LayerDecay}"));
        }
        catch (ProbeException e)
        {
            error = e.Message;
        }

        return new ProbeReport(FineTune, ProbeReport.Backbone, values, notes, error, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private static ProbeSettings Settings(EncoderSource source, EvaluateRequest order, int threads) => new()
    {
        Neighbours = source.Recipe.Evaluation.Neighbours,
        Temperature = source.Recipe.Evaluation.Temperature,
        Linear = new LinearOptions { Seed = source.Recipe.Seed, Epochs = order.Epochs ?? new LinearOptions().Epochs },
        Mlp = new MlpOptions { Seed = source.Recipe.Seed },
        Shots = ProbeSettings.ShotsOf(source.Recipe.Data.Modality),
        Threads = threads,
    };

    private static IReadOnlyList<string> Layers(IReadOnlyList<string> asked, Encoder encoder, string where)
    {
        if (asked is ["all"])
            return encoder.Layers;
        if (asked is [LastLayer])
            return [encoder.Layers[^1]];
        foreach (var layer in asked.Where(l => !encoder.Layers.Contains(l)))
            throw new UserErrorException($"--layers {layer}: {where} has no such layer; use all, or some of {string.Join(", ", encoder.Layers)}.");
        return asked.Count > 0 ? asked : throw new UserErrorException($"--layers is empty; use all, or some of {string.Join(", ", encoder.Layers)}.");
    }

    private static void Head(Screen screen, EvaluateRequest order, EncoderSource source, ProbeData data, double seconds)
    {
        var images = data.Train.Count + (data.Test?.Count ?? 0);
        screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{order.What}{(source.Step >= 0 ? $", step {source.Step}" : "")}{(source.WeightsHash.Length > 0 ? $", weights {source.WeightsHash}" : "")}: {data.Train.Count} training and {data.Test?.Count ?? 0} test images, {data.Train.Width} features, {seconds:F1} s ({images / seconds:N0} images/s)"));
    }

    private static void Show(Screen screen, EvaluateRequest order, EncoderSource source, ProbeReport report)
    {
        if (screen.Json)
        {
            screen.JsonLine(new { encoder = order.What, source.Step, source.WeightsHash, report.Probe, report.Layer, report.Values, report.Notes, report.Error, report.Seconds });
            return;
        }

        var layer = report.Layer == ProbeReport.Backbone ? "" : $" at {report.Layer}";
        if (report.Error is not null)
        {
            screen.Line($"{report.Probe,-11}{layer} not run: {report.Error}");
            return;
        }

        screen.Line(string.Create(CultureInfo.InvariantCulture, $"{report.Probe,-11}{layer} ({report.Seconds:F1} s){(report.Notes.Count > 0 ? ": " + string.Join("; ", report.Notes) : "")}"));
        foreach (var (name, value) in report.Values)
            screen.Line($"  {name,-24} {ProbeText.Of(name, value)}");
    }
}
