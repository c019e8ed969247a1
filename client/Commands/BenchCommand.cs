using System.CommandLine;
using System.Globalization;
using SslOrleans.Client.Bench;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Learning.Augment;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo bench train|step|augment|probes|goodput</c>: ours and its peers, in turns, on the same images.</summary>
public static class BenchCommand
{
    public static Command Build(Screen screen) => new("bench", "Measures ours beside plain TorchSharp and plain PyTorch on this machine, in turns, each in a process of its own.")
    {
        BenchTrain.Build(screen),
        Step(screen),
        Augment(screen),
        BenchProbes.Build(screen),
        BenchGoodput.Build(screen),
    };

    private static Command Step(Screen screen)
    {
        var data = CommonOptions.Data();
        var backbone = new Option<string>("--backbone") { Description = "conv4, resnet18 or vit-ti.", DefaultValueFactory = _ => "resnet18" };
        var batch = new Option<int>("--batch") { Description = "Effective batch.", DefaultValueFactory = _ => 64 };
        var lanes = new Option<int>("--workers") { Description = "One-thread workers.", DefaultValueFactory = _ => 2 };
        var processes = new Option<bool>("--processes") { Description = "Workers as processes instead of threads of one process." };
        var steps = new Option<int>("--steps") { Description = "Steps measured.", DefaultValueFactory = _ => 10 };
        var command = new Command("step", "Where the time of a step goes.") { data, backbone, batch, lanes, processes, steps };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (size, count) = (parsed.GetValue(batch), parsed.GetValue(lanes));
            var work = new TrainingWork(parsed.GetRequiredValue(backbone), size, count, count, size / Math.Max(1, count), 3, parsed.GetValue(steps));
            (await OwnWork.Train(work, BenchOptions.Images(screen, parsed.GetValue(data)), parsed.GetValue(processes), cancellation)).Show(screen);
            return ExitCodes.Well;
        });
        return command;
    }

    private static Command Augment(Screen screen)
    {
        var common = new BenchOptions();
        var size = new Option<int>("--size") { Description = "Side of a view: 32, or 224 from 500×375 JPEGs, with blur.", DefaultValueFactory = _ => 32 };
        size.AcceptOnlyFromAmong("32", "224");
        var seconds = new Option<double>("--seconds") { Description = "Seconds measured on each side in each round.", DefaultValueFactory = _ => 6 };
        var command = new Command("augment", "SimCLR's two views of each image from its JPEG, on one core: views/s.") { size, seconds };
        common.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var (side, time) = (parsed.GetValue(size), parsed.GetValue(seconds));
            if (!(time > 0))
                throw new UserErrorException($"--seconds is {time}; give a number above 0.");
            var data = side == 32 ? BenchOptions.Images(screen, parsed.GetValue(common.Data)) : parsed.GetValue(common.Data) ?? LargeImages(screen);
            if (parsed.GetValue(common.Alone))
                return Alone(screen, OwnWork.Augment(data, side, time));

            var (peer, why) = PyTorchPeer.Find("torchvision_views.py", parsed.GetValue(common.Python));
            var clock = time.ToString(CultureInfo.InvariantCulture);
            string[] theirs = ["--size", $"{side}", "--seconds", clock, "--data", data];
            var peers = new Dictionary<string, Func<Task<double>>>();
            if (peer is not null)
                peers.Add("torchvision", async () => (await peer.Run(theirs, cancellation))["views_per_s"]!.GetValue<double>());
            await BenchTurns.Run(
                screen, parsed.GetValue(common.Rounds), $"two {side}-pixel views from {(side == 32 ? "JPEG" : "500×375 JPEG")}, one core: views/s",
                ["bench", "augment", "--size", $"{side}", "--seconds", clock], data, peers,
                peer is null ? new Dictionary<string, string> { ["torchvision"] = why } : [], cancellation);
            return ExitCodes.Well;
        });
        return command;
    }

    /// <summary>256 pictures of the size and detail of photographs, drawn once.</summary>
    private static string LargeImages(Screen screen)
    {
        var folder = Path.Combine("data", "generated-500x375");
        if (!Directory.Exists(folder))
        {
            screen.Note($"drawing 500×375 pictures into {folder}");
            AugmentBenchmark.WriteLargeImages(folder, 256, seed: 0);
        }

        return folder;
    }

    private static int Alone(Screen screen, double value)
    {
        if (screen.Json)
            screen.JsonLine(new { value });
        else
            screen.Line(value.ToString("N1", CultureInfo.InvariantCulture));
        return ExitCodes.Well;
    }
}
