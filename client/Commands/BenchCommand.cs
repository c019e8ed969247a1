using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SslOrleans.Client.Bench;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo bench train|step|augment</c>: ours and plain PyTorch, in turns, on the same images.</summary>
public static class BenchCommand
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(20);

    public static Command Build(Screen screen) => new("bench", "Measures ours beside plain PyTorch on this machine, in turns, each in a process of its own.")
    {
        Train(screen),
        Step(screen),
        Augment(screen),
        BenchProbes.Build(screen),
    };

    private static Command Train(Screen screen)
    {
        var common = new Common();
        var backbone = new Option<string>("--backbone") { Description = "conv4 or resnet18.", DefaultValueFactory = _ => "conv4" };
        backbone.AcceptOnlyFromAmong("conv4", "resnet18");
        var batch = new Option<int?>("--batch") { Description = "Effective batch; 128 for conv4, 64 for resnet18." };
        var threads = new Option<int>("--threads") { Description = "Threads of each side.", DefaultValueFactory = _ => 2 };
        var lanes = new Option<int?>("--lanes") { Description = "Replicas on our side; one a thread by default." };
        var micro = new Option<int?>("--micro") { Description = "Images in a micro-batch; the batch divided by the lanes by default." };
        var processes = new Option<bool>("--processes") { Description = "Our lanes as worker processes instead of threads of one process." };
        var ddp = new Option<bool>("--ddp") { Description = "The peer as DistributedDataParallel with gloo: a process of one thread for each thread." };
        var steps = new Option<int>("--steps") { Description = "Steps measured.", DefaultValueFactory = _ => 12 };
        var warm = new Option<int>("--warm") { Description = "Steps before that.", DefaultValueFactory = _ => 3 };
        var command = new Command("train", "SimCLR steps: images/s, two views each, decoding and augmentation included.") { backbone, batch, threads, lanes, micro, processes, ddp, steps, warm };
        common.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = parsed.GetRequiredValue(backbone);
            var size = parsed.GetValue(batch) ?? (name == "conv4" ? 128 : 64);
            var count = parsed.GetValue(lanes) ?? parsed.GetValue(threads);
            var work = new TrainingWork(name, size, count, parsed.GetValue(threads), parsed.GetValue(micro) ?? (size / Math.Max(1, count)), parsed.GetValue(warm), parsed.GetValue(steps));
            var (data, isCifar) = Data(screen, parsed.GetValue(common.Data));
            if (parsed.GetValue(common.Alone))
            {
                (await OwnWork.Train(work, data, parsed.GetValue(processes), cancellation)).Show(screen);
                return ExitCodes.Well;
            }

            string[] own = ["bench", "train", "--backbone", name, "--batch", $"{size}", "--threads", $"{work.Threads}", "--lanes", $"{work.Lanes}", "--micro", $"{work.Micro}", "--steps", $"{work.Steps}", "--warm", $"{work.Warm}", .. parsed.GetValue(processes) ? new[] { "--processes" } : []];
            var distributed = parsed.GetValue(ddp);
            string[] theirs = ["--mode", distributed ? "ddp" : "train", "--arch", name, "--batch", $"{size}", "--steps", $"{work.Steps}", "--warm", $"{work.Warm}",
                "--threads", distributed ? "1" : $"{work.Threads}", "--data", data];
            var what = $"SimCLR {name}, batch {size}, {work.Threads} threads ({work.Lanes} lanes{(distributed ? "; PyTorch DDP + gloo" : "")}): images/s";
            var found = isCifar
                ? PyTorchPeer.Find(parsed.GetValue(common.Peer), parsed.GetValue(common.Python))
                : (null, "the peer reads CIFAR-10 shards (cifar10-train-*.tar.gz) only; name them with --data");
            await Compare(screen, common, parsed, what, own, data, found, "images_per_s", peer => distributed
                ? peer.RunDistributed(theirs, work.Threads, cancellation)
                : peer.Run(theirs, cancellation), cancellation);
            return ExitCodes.Well;
        });
        return command;
    }

    private static Command Step(Screen screen)
    {
        var data = CommonOptions.Data();
        var backbone = new Option<string>("--backbone") { Description = "conv4 or resnet18.", DefaultValueFactory = _ => "resnet18" };
        var batch = new Option<int>("--batch") { Description = "Effective batch.", DefaultValueFactory = _ => 64 };
        var lanes = new Option<int>("--workers") { Description = "One-thread workers.", DefaultValueFactory = _ => 2 };
        var processes = new Option<bool>("--processes") { Description = "Workers as processes instead of threads of one process." };
        var steps = new Option<int>("--steps") { Description = "Steps measured.", DefaultValueFactory = _ => 10 };
        var command = new Command("step", "Where the time of a step goes.") { data, backbone, batch, lanes, processes, steps };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (path, _) = Data(screen, parsed.GetValue(data));
            var (size, count) = (parsed.GetValue(batch), parsed.GetValue(lanes));
            var work = new TrainingWork(parsed.GetRequiredValue(backbone), size, count, count, size / Math.Max(1, count), 3, parsed.GetValue(steps));
            (await OwnWork.Train(work, path, parsed.GetValue(processes), cancellation)).Show(screen);
            return ExitCodes.Well;
        });
        return command;
    }

    private static Command Augment(Screen screen)
    {
        var common = new Common();
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
            var (data, isCifar) = side == 32 ? Data(screen, parsed.GetValue(common.Data)) : (parsed.GetValue(common.Data) ?? LargeImages(screen), false);
            if (parsed.GetValue(common.Alone))
                return Alone(screen, OwnWork.Augment(data, side, time));

            // The project's own script of torchvision's pipeline reads any tar shards; the other one CIFAR-10's only.
            var own = Path.Combine(ProjectFiles.Root, "bench", "peers", "torchvision_views.py");
            var (peer, why) = PyTorchPeer.Find(parsed.GetValue(common.Peer) ?? (side == 32 && isCifar && PyTorchPeer.HasDefault ? null : own), parsed.GetValue(common.Python));
            var clock = time.ToString(CultureInfo.InvariantCulture);
            string[] theirs = peer?.Script == Path.GetFullPath(own)
                ? ["--size", $"{side}", "--seconds", clock, "--data", data]
                : ["--mode", "augment", "--threads", "1", "--data", data];
            await Compare(
                screen, common, parsed, $"two {side}-pixel views from {(side == 32 ? "JPEG" : "500×375 JPEG")}, one core: views/s",
                ["bench", "augment", "--size", $"{side}", "--seconds", clock], data, (peer, why), "views_per_s", p => p.Run(theirs, cancellation), cancellation);
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

    private static async Task Compare(
        Screen screen, Common common, ParseResult parsed, string what, string[] own, string data, (PyTorchPeer? Peer, string Why) found, string key,
        Func<PyTorchPeer, Task<JsonObject>> run, CancellationToken cancellation)
    {
        var (peer, why) = found;
        var rounds = parsed.GetValue(common.Rounds);
        if (rounds < 1)
            throw new UserErrorException($"--rounds is {rounds}; give at least 1.");
        var waits = new List<double>();
        var result = await Comparison.Measure(
            what,
            rounds,
            () => RunOurs(own, data, waits, cancellation),
            peer is null ? null : async () => (await run(peer))[key]!.GetValue<double>(),
            (round, side, value) => screen.Note(string.Create(CultureInfo.InvariantCulture, $"round {round + 1}/{rounds}: {side} {value:N1}")));
        (result with { DataWait = waits }).Show(screen, why);
    }

    private static async Task<double> RunOurs(string[] own, string data, List<double> waits, CancellationToken cancellation)
    {
        var (code, output, error) = await Subprocess.RunSelf([.. own, "--data", data, "--alone", "--json"], s_patience, cancellation);
        if (code != 0)
            throw new UserErrorException(error.Trim().Split('\n')[^1].Replace("sslo: ", "", StringComparison.Ordinal));
        var measured = JsonNode.Parse(output)!;
        if (measured["dataWaitShare"] is { } wait)
            waits.Add(wait.GetValue<double>());
        return measured["value"]!.GetValue<double>();
    }

    private static int Alone(Screen screen, double value)
    {
        if (screen.Json)
            screen.JsonLine(new { value });
        else
            screen.Line(value.ToString("N1", CultureInfo.InvariantCulture));
        return ExitCodes.Well;
    }

    /// <summary>The images, and whether the peer can read them.</summary>
    private static (string Path, bool IsCifar) Data(Screen screen, string? option)
    {
        var cifar = Path.Combine(ProjectFiles.Root, "..", "shared", "data", "cifar10");
        var path = option ?? (Directory.Exists(cifar) ? Path.GetFullPath(cifar) : null);
        if (path is not null)
            return (path, Directory.Exists(path) && Directory.EnumerateFiles(path, "cifar10-train-*.tar.gz").Any());
        var generated = Path.Combine("data", "generated");
        if (!File.Exists(Path.Combine(generated, "classes.txt")))
        {
            screen.Note($"drawing images into {generated}");
            GeneratedImages.Write(generated, 5000, 1000, seed: 0);
        }

        return (generated, false);
    }

    /// <summary>Options of both.</summary>
    private sealed class Common
    {
        public Option<string?> Data { get; } = CommonOptions.Data();

        public Option<int> Rounds { get; } = new("--rounds") { Description = "Turns of each side.", DefaultValueFactory = _ => 5 };

        public Option<string?> Peer { get; } = new("--peer") { Description = "The PyTorch script; ../shared/peers/pytorch_simclr.py by default.", HelpName = "script" };

        public Option<string?> Python { get; } = new("--python") { Description = "The interpreter; the first of /usr/bin/python3 and python3 that has torch by default.", HelpName = "path" };

        /// <summary>Measures our side once in this process: what the rounds start.</summary>
        public Option<bool> Alone { get; } = new("--alone") { Hidden = true };

        public void AddTo(Command command)
        {
            foreach (var option in new Option[] { Data, Rounds, Peer, Python, Alone })
                command.Add(option);
        }
    }
}
