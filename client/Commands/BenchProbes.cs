using System.CommandLine;
using System.Globalization;
using SslOrleans.Client.Bench;
using SslOrleans.Client.CommandLine;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo bench probes</c>: every probe on drawn features, and kNN beside the same in PyTorch.</summary>
public static class BenchProbes
{
    private const int Classes = 10;

    public static Command Build(Screen screen)
    {
        var train = new Option<int>("--train") { Description = "Training features.", DefaultValueFactory = _ => 10_000 };
        var test = new Option<int>("--test") { Description = "Test features.", DefaultValueFactory = _ => 2_000 };
        var width = new Option<int>("--width") { Description = "Dimensions.", DefaultValueFactory = _ => 512 };
        var probe = new Option<string>("--probe") { Description = "Which, joined by commas.", DefaultValueFactory = _ => "knn,linear,mlp,fewshot,rank,std,uniformity" };
        var threads = new Option<int>("--threads") { Description = "Threads of each side.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var peer = new Option<bool>("--peer") { Description = "Also the same kNN in PyTorch (bench/peers/knn.py)." };
        var command = new Command("probes", "Every probe on drawn features: seconds.") { train, test, width, probe, threads, peer };
        command.SetAction(async (parsed, cancellation) =>
        {
            var count = parsed.GetValue(threads);
            ThreadCount.Set(count);
            var probes = EvaluateCommand.Names("--probe", parsed.GetRequiredValue(probe), [.. ProbeSuite.All.Select(p => p.Name)]);
            using var data = Draw(parsed.GetValue(train), parsed.GetValue(test), parsed.GetValue(width), cancellation);
            var reports = ProbeSuite.Run(probes, [data], new ProbeSettings { Threads = count, Cancellation = cancellation });
            double? theirs = null;
            if (parsed.GetValue(peer) && PyTorchPeer.FindPython(null, "torch") is { } python)
            {
                string[] arguments = ["--train", Text(data.Train.Count), "--test", Text(data.Test!.Count), "--width", Text(data.Train.Width), "--threads", Text(count)];
                theirs = (await new PyTorchPeer(python, Path.Combine(ProjectFiles.Root, "bench", "peers", "knn.py")).Run(arguments, cancellation))["seconds"]!.GetValue<double>();
            }

            if (screen.Json)
            {
                screen.JsonLine(new { seconds = reports.ToDictionary(r => r.Probe, r => r.Seconds), total = reports.Sum(r => r.Seconds), pytorchKnnSeconds = theirs });
                return ExitCodes.Well;
            }

            screen.Table(["probe", "seconds", ""], [
                .. reports.Select(r => new[] { r.Probe, Seconds(r.Seconds), r.Error ?? "" }),
                ["all", Seconds(reports.Sum(r => r.Seconds)), ""],
                .. theirs is { } t ? [["knn in PyTorch", Seconds(t), ""]] : Array.Empty<string[]>()]);
            return ExitCodes.Well;
        });
        return command;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(double value) => value.ToString("F2", CultureInfo.InvariantCulture);

    /// <summary>Classes that overlap.</summary>
    private static ProbeData Draw(int train, int test, int width, CancellationToken cancellation)
    {
        return new ProbeData(ProbeReport.Backbone, Features(train, 0), Labels(train), Features(test, 1), Labels(test));

        static int[] Labels(int count) => [.. Enumerable.Range(0, count).Select(i => i % Classes)];

        FeatureMatrix Features(int count, int split)
        {
            var features = new FeatureMatrix(count, width);
            for (var i = 0; i < count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var random = new RandomStream(0, Purpose.Evaluation, 7, i, split);
                var row = features.Rows(i, 1);
                for (var d = 0; d < width; d++)
                    row[d] = (random.NextNormal() / (1 + (d / 64f))) + (d % Classes == i % Classes ? 0.15f : 0);
            }

            return features;
        }
    }
}
