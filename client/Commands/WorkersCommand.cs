using System.CommandLine;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo workers</c>: who computes; <c>workers remove NAME</c> lets one leave cleanly.</summary>
public static class WorkersCommand
{
    private const int MostAtOnce = 64;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public static Command Build(Screen screen)
    {
        var runs = CommonOptions.Runs();
        var command = new Command("workers", "Lists the workers of a running cluster.") { runs };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var cluster = await RunCommands.Connect(parsed.GetRequiredValue(runs), cancellation);
            var live = await cluster.Grains.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key).Live();
            if (screen.Json)
            {
                foreach (var worker in live)
                    screen.JsonLine(worker);
            }
            else
            {
                screen.Table(["worker", "device", "machine", "process", "numerics class"], live.Select(w => (IReadOnlyList<string>)[w.Name, w.Device, w.Machine, $"{w.ProcessId}", w.NumericsClass]));
            }

            return ExitCodes.Well;
        });
        command.Add(Add(screen));
        command.Add(Remove(screen));
        return command;
    }

    private static Command Add(Screen screen)
    {
        var count = new Argument<int>("count") { Description = "How many worker processes to start." };
        var device = new Option<string>("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
        var runs = CommonOptions.Runs();
        var command = new Command("add", "Starts more worker processes on this machine for the training that runs; they end with it.") { count, device, runs };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (wanted, folder) = (parsed.GetRequiredValue(count), parsed.GetRequiredValue(runs));
            if (wanted is < 1 or > MostAtOnce)
                throw new UserErrorException($"count is {wanted}; give a number from 1 to {MostAtOnce}.");
            await using var cluster = await RunCommands.Connect(folder, cancellation);
            var pool = cluster.Grains.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key);
            var names = cluster.FreeNames(wanted, n => !WorkerProcess.WasUsed(n, folder));
            foreach (var name in names)
                WorkerProcess.StartDetached(name, folder, await Threads(cluster, folder), parsed.GetValue(device)!);
            await Arrive(pool, names, folder, cancellation);
            foreach (var name in names)
            {
                if (screen.Json)
                    screen.JsonLine(new { worker = $"{name}/0" });
                else
                    screen.Line($"{name}/0 has joined");
            }

            return ExitCodes.Well;
        });
        return command;
    }

    /// <summary>What the run that trains asks for; a worker with another number would be refused.</summary>
    private static async Task<int> Threads(ClusterConnection cluster, string folder)
    {
        var storage = RunStorage.Open(folder);
        foreach (var run in await cluster.Grains.GetGrain<IRunCatalogGrain>(IRunCatalogGrain.Key).List())
        {
            try
            {
                var status = await cluster.Grains.GetGrain<ITrainingRunGrain>(run).Status();
                if (status.Phase is not (RunPhase.Completed or RunPhase.Stopped or RunPhase.Failed))
                    return (await RunRecord.ReadRecipe(storage, run)).Workers.ThreadsPerWorker;
            }
            catch (UserErrorException)
            {
                // Not in memory.
            }
        }

        return 1;
    }

    private static async Task Arrive(IWorkerPoolGrain pool, IReadOnlyList<string> names, string folder, CancellationToken cancellation)
    {
        var deadline = DateTimeOffset.UtcNow + s_patience;
        while ((await pool.Live()).Select(w => w.Silo).Intersect(names).Count() < names.Count)
        {
            if (DateTimeOffset.UtcNow > deadline)
                throw new UserErrorException($"Not all of {string.Join(", ", names)} joined within {s_patience.TotalSeconds:0} s; their logs are in {Path.Combine(folder, ".workers")}.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation);
        }
    }

    private static Command Remove(Screen screen)
    {
        var name = new Argument<string>("name") { Description = "Name of the worker, as `sslo workers` prints it." };
        var runs = CommonOptions.Runs();
        var command = new Command("remove", "Lets a worker hand back its micro-batches and leave.") { name, runs };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var cluster = await RunCommands.Connect(parsed.GetRequiredValue(runs), cancellation);
            var wanted = parsed.GetRequiredValue(name);
            var live = await cluster.Grains.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key).Live();
            if (live.All(w => w.Name != wanted))
                throw new UserErrorException($"There is no worker {wanted};{RecipeKeys.Hint(wanted, live.Select(w => w.Name))} there are {string.Join(", ", live.Select(w => w.Name))}.");
            await cluster.Grains.GetGrain<IWorkerGrain>(wanted).Leave();
            if (screen.Json)
                screen.JsonLine(new { worker = wanted, left = true });
            else
                screen.Line($"{wanted} has left");
            return ExitCodes.Well;
        });
        return command;
    }
}
