using System.CommandLine;
using System.Globalization;
using SslOrleans.Client.Bench;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo bench train</c>: SimCLR's steps beside the same recipe in plain TorchSharp and plain PyTorch.</summary>
public static class BenchTrain
{
    private const string TorchSharp = "torchsharp";
    private const string Ceiling = "ceiling";
    private const string PyTorch = "pytorch";

    public static Command Build(Screen screen)
    {
        var common = new BenchOptions();
        var peers = new Option<string[]>("--peer") { Description = "torchsharp: one process of plain TorchSharp. ceiling: one-thread processes of it that exchange nothing. pytorch: bench/peers/pytorch_simclr.py. May be given again; all that can run by default.", HelpName = "name", DefaultValueFactory = _ => [] };
        peers.AcceptOnlyFromAmong(TorchSharp, Ceiling, PyTorch);
        var backbone = new Option<string>("--backbone") { Description = "conv4, resnet18 or vit-ti (vit-tiny).", DefaultValueFactory = _ => "conv4" };
        backbone.AcceptOnlyFromAmong([.. TorchSharpPeer.Backbones, "vit-tiny"]);
        var precision = new Option<string>("--precision") { Description = "float32 or bfloat16, on all sides.", DefaultValueFactory = _ => WorkersRecipe.Float32 };
        precision.AcceptOnlyFromAmong(WorkersRecipe.Float32, WorkersRecipe.BFloat16);
        var batch = new Option<int?>("--batch") { Description = "Effective batch; 128 for conv4, 64 for the others." };
        var threads = new Option<int>("--threads") { Description = "Threads of each side.", DefaultValueFactory = _ => 2 };
        var lanes = new Option<int?>("--lanes") { Description = "Replicas on our side; one a thread by default." };
        var micro = new Option<int?>("--micro") { Description = "Images in a micro-batch; the batch divided by the lanes by default." };
        var processes = new Option<bool>("--processes") { Description = "Our lanes as worker processes instead of threads of one process." };
        var ddp = new Option<bool>("--ddp") { Description = "PyTorch as DistributedDataParallel with gloo: a process of one thread for each thread." };
        var steps = new Option<int>("--steps") { Description = "Steps measured.", DefaultValueFactory = _ => 12 };
        var warm = new Option<int>("--warm") { Description = "Steps before that.", DefaultValueFactory = _ => 3 };
        var command = new Command("train", "SimCLR steps: images/s, two views each, decoding and augmentation included.")
        {
            peers, backbone, precision, batch, threads, lanes, micro, processes, ddp, steps, warm,
        };
        common.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = parsed.GetRequiredValue(backbone) is "vit-tiny" ? "vit-ti" : parsed.GetRequiredValue(backbone);
            var size = parsed.GetValue(batch) ?? (name == "conv4" ? 128 : 64);
            var count = parsed.GetValue(lanes) ?? parsed.GetValue(threads);
            var work = new TrainingWork(
                name, size, count, parsed.GetValue(threads), parsed.GetValue(micro) ?? (size / Math.Max(1, count)), parsed.GetValue(warm), parsed.GetValue(steps), parsed.GetRequiredValue(precision));
            work.Check();
            var data = BenchOptions.Images(screen, parsed.GetValue(common.Data));
            if (parsed.GetValue(common.Alone))
            {
                (await OwnWork.Train(work, data, parsed.GetValue(processes), cancellation)).Show(screen);
                return ExitCodes.Well;
            }

            var measured = new Dictionary<string, Func<Task<double>>>();
            var missing = new Dictionary<string, string>();
            var wanted = parsed.GetRequiredValue(peers);
            if (wanted.Contains(Ceiling) && TorchSharpPeer.Obstacle(work, work.Threads) is { } indivisible)
                throw new UserErrorException($"--peer {Ceiling}: {indivisible}.");
            foreach (var peer in wanted.Length > 0 ? wanted.Distinct() : [TorchSharp, Ceiling, PyTorch])
            {
                var (run, why) = peer == PyTorch
                    ? InPyTorch(work, data, parsed.GetValue(common.Python), parsed.GetValue(ddp), cancellation)
                    : InTorchSharp(work, data, peer == Ceiling ? work.Threads : 1, cancellation);
                if (run is not null)
                    measured.Add(peer, run);
                else
                    missing.Add(peer, why);
            }

            if (wanted.Length > 0 && missing.Count > 0)
            {
                screen.Note($"sslo: {string.Join("; ", missing.Select(m => $"--peer {m.Key} cannot run: {m.Value}"))}.");
                return ExitCodes.Missing;
            }

            string[] own =
            [
                "bench", "train", "--backbone", name, "--precision", work.Precision, "--batch", Text(size), "--threads", Text(work.Threads), "--lanes", Text(work.Lanes), "--micro", Text(work.Micro),
                "--steps", Text(work.Steps), "--warm", Text(work.Warm), .. parsed.GetValue(processes) ? new[] { "--processes" } : [],
            ];
            var what = $"SimCLR {name}, {work.Precision}, batch {size} in micro-batches of {work.Micro}, {work.Threads} threads ({work.Lanes} {(parsed.GetValue(processes) ? "worker processes" : "lanes")}{(parsed.GetValue(ddp) ? "; PyTorch DDP + gloo" : "")}): images/s";
            await BenchTurns.Run(screen, parsed.GetValue(common.Rounds), what, own, data, measured, missing, cancellation);
            return ExitCodes.Well;
        });
        return command;
    }

    private static (Func<Task<double>>? Run, string Why) InTorchSharp(TrainingWork work, string data, int processes, CancellationToken cancellation)
    {
        var (peer, why) = TorchSharpPeer.Find();
        if (TorchSharpPeer.Obstacle(work, processes) is { } indivisible)
            return (null, indivisible);
        return (peer is null ? null : () => peer.Run(work, data, processes, cancellation), why);
    }

    private static (Func<Task<double>>? Run, string Why) InPyTorch(TrainingWork work, string data, string? python, bool distributed, CancellationToken cancellation)
    {
        if (!Directory.Exists(data) || !Directory.EnumerateFiles(data, "*train*.tar*").Any())
            return (null, "it reads a folder of tar shards (*train*.tar*) only; name one with --data");
        var (peer, why) = PyTorchPeer.Find("pytorch_simclr.py", python);
        if (peer is null)
            return (null, why);
        string[] arguments =
        [
            "--backbone", work.Backbone, "--precision", work.Precision, "--batch", Text(work.Batch), "--micro", Text(work.Micro), "--steps", Text(work.Steps), "--warm", Text(work.Warm),
            "--threads", distributed ? "1" : Text(work.Threads), "--data", data,
        ];
        return (async () => (distributed ? await peer.RunDistributed(arguments, work.Threads, cancellation) : await peer.Run(arguments, cancellation))["images_per_s"]!.GetValue<double>(), "");
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
