using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo workers</c>: who computes; <c>workers remove NAME</c> lets one leave cleanly.</summary>
public static class WorkersCommand
{
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
        command.Add(Remove(screen));
        return command;
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
                throw new UserErrorException($"There is no worker {wanted}; there are {string.Join(", ", live.Select(w => w.Name))}.");
            await cluster.Grains.GetGrain<IWorkerGrain>(wanted).Leave();
            screen.Line($"{wanted} has left");
            return ExitCodes.Well;
        });
        return command;
    }
}
