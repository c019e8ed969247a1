using System.CommandLine;
using System.Globalization;
using SslOrleans.Client.Bench;
using SslOrleans.Client.Chaos;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Pictures;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo bench goodput</c>: what is left of a training's progress when machines are taken away and given back, here and in a plain restart from checkpoints.</summary>
internal static class BenchGoodput
{
    private const int Processes = 3;
    private const int Batch = 96;
    private const int Micro = 16;

    /// <summary>Steps between two checkpoints, of both sides.</summary>
    private const int Checkpoint = 20;

    public static Command Build(Screen screen)
    {
        var data = CommonOptions.Data();
        var python = new Option<string?>("--python") { Description = "PyTorch's interpreter; the first of /usr/bin/python3 and python3 that has torch and torchvision by default.", HelpName = "path" };
        var seconds = new Option<double>("--seconds") { Description = "Of each of the four runs, from its first step on.", DefaultValueFactory = _ => 180 };
        var every = new Option<double>("--every") { Description = "Seconds from one SIGKILL of a worker to the next.", DefaultValueFactory = _ => 30 };
        var back = new Option<double>("--back") { Description = "Seconds until another one is started in its place.", DefaultValueFactory = _ => 10 };
        var figure = new Option<string?>("--figure") { Description = "Draws the steps over the seconds into this SVG.", HelpName = "file" };
        var command = new Command("goodput", "Steps that are kept when one of three workers is killed every half minute, beside the same training undisturbed, and both in PyTorch that restarts from checkpoints.")
        {
            data, python, seconds, every, back, figure,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (length, period, gap) = (parsed.GetValue(seconds), parsed.GetValue(every), parsed.GetValue(back));
            if (!(length > 0 && period > 0 && gap >= 0 && gap < period))
                throw new UserErrorException(FormattableString.Invariant($"--seconds is {length}, --every {period} and --back {gap}; give numbers above 0, and --back below --every."));
            var images = BenchOptions.Images(screen, parsed.GetValue(data));
            var sides = new List<Side>
            {
                new("SslOrleans, undisturbed", await Own(images, length, 0, gap, cancellation)),
                new("SslOrleans, killed", await Own(images, length, period, gap, cancellation)),
            };
            var (peer, why) = PyTorchPeer.Find("pytorch_elastic.py", parsed.GetValue(python));
            if (peer is not null)
            {
                sides.Add(new("restart from checkpoints, undisturbed", await Theirs(peer, images, length, 0, gap, cancellation)));
                sides.Add(new("restart from checkpoints, killed", await Theirs(peer, images, length, period, gap, cancellation)));
            }

            Show(screen, sides, length, peer is null ? why : null);
            if (parsed.GetValue(figure) is { } file)
                File.WriteAllText(file, Draw(sides, period));
            return sides.All(s => s.Outcome.Exact) ? ExitCodes.Well : ExitCodes.Failed;
        });
        return command;
    }

    private static async Task<SpotOutcome> Own(string images, double seconds, double every, double back, CancellationToken cancellation)
    {
        var recipe = RecipeReader.Read(ProjectFiles.FindRecipe("simclr-cifar10"), [
            "steps=1000000", $"batch.effective={Batch}", $"batch.micro={Micro}", "workers.threadsPerWorker=1", $"checkpoint.everySteps={Checkpoint}", "data.limit=2048", "evaluation.knn=false",
        ]);
        var runs = Directory.CreateTempSubdirectory("sslo-goodput-").FullName;
        try
        {
            var request = new TrainingRequest("goodput", recipe, images, runs, Workers: Processes, Device: "cpu") { Dashboard = "off" };
            return await new SpotRun(request, new SpotSchedule(TimeSpan.FromSeconds(every), TimeSpan.FromSeconds(back), TimeSpan.FromSeconds(seconds))).Go(cancellation);
        }
        finally
        {
            Directory.Delete(runs, recursive: true);
        }
    }

    private static async Task<SpotOutcome> Theirs(PyTorchPeer peer, string images, double seconds, double every, double back, CancellationToken cancellation)
    {
        string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
        var found = await peer.Run(
            ["--data", images, "--processes", $"{Processes}", "--seconds", Number(seconds), "--every", Number(every), "--back", Number(back), "--checkpoint", $"{Checkpoint}", "--batch", $"{Batch}", "--micro", $"{Micro}"], cancellation);
        return new SpotOutcome(
            [.. found["curve"]!.AsArray().Select(p => (p![0]!.GetValue<double>(), p[1]!.GetValue<long>()))], [.. found["losses"]!.AsArray().Select(l => l!.GetValue<double>())], Exact: true);
    }

    private static void Show(Screen screen, IReadOnlyList<Side> sides, double seconds, string? missing)
    {
        double Share(int disturbed) => (double)sides[disturbed].Outcome.Kept / sides[disturbed - 1].Outcome.Kept;
        if (screen.Json)
        {
            screen.JsonLine(new
            {
                seconds, losses = sides[1].Outcome.Losses.Count, exact = sides[1].Outcome.Exact,
                steps = sides.ToDictionary(s => s.Name, s => s.Outcome.Kept), goodput = Share(1), peerGoodput = sides.Count > 3 ? Share(3) : double.NaN, notMeasured = missing,
            });
            return;
        }

        screen.Table(["", "steps kept", "of undisturbed", "losses"], sides.Select((s, i) => (IReadOnlyList<string>)[
            s.Name, $"{s.Outcome.Kept}", i % 2 == 1 ? Share(i).ToString("P0", CultureInfo.InvariantCulture) : "", i % 2 == 1 ? $"{s.Outcome.Losses.Count}" : ""]));
        screen.Line(sides[1].Outcome.Exact ? "the killed run's ledger has every position once" : "THE LEDGER IS NOT EXACT");
        if (missing is not null)
            screen.Line($"restart from checkpoints not measured: {missing}");
    }

    private static string Draw(IReadOnlyList<Side> sides, double every) => CurveChart.Draw(
        FormattableString.Invariant($"One of {Processes} workers killed every {every:0} s"),
        [new ChartPanel("steps that stay", [.. sides.Select(s => new Curve(s.Name, [.. s.Outcome.Steps.Select(p => new MetricPoint((long)Math.Round(p.Seconds), p.Steps))]))])],
        [.. sides[1].Outcome.Losses.Select(l => new ChartEvent((long)l, ""))],
        across: "seconds");

    private sealed record Side(string Name, SpotOutcome Outcome);
}
