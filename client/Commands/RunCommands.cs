using System.CommandLine;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Running;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo resume, watch, status, pause, stop, runs, hash</c>: what one does with a run that exists.</summary>
public static class RunCommands
{
    public static IEnumerable<Command> Build(Screen screen, ITrainingSessions sessions)
    {
        yield return Resume(screen, sessions);
        yield return Watch(screen);
        yield return Status(screen);
        yield return OnRun(screen, "pause", "Pauses a training after the step under way; `sslo resume` goes on.", g => g.Pause(), "pauses after the step under way");
        yield return OnRun(screen, "stop", "Stops a training after the step under way, with a checkpoint.", g => g.Stop(), "stopped");
        yield return Runs(screen);
        yield return Hash(screen);
    }

    private static Argument<string> RunName() => new("run") { Description = "Name of the run." };

    private static Command Resume(Screen screen, ITrainingSessions sessions)
    {
        var (run, runs) = (RunName(), CommonOptions.Runs());
        var workers = WorkerCount.Option();
        var device = new Option<string?>("--device") { Description = "cpu, cuda or cuda:N; the GPUs in turn by default, else the CPU." };
        var dashboard = CommonOptions.Dashboard();
        var sign = CommonOptions.Sign();
        var command = new Command("resume", "Goes on with a run that was paused, stopped or lost, from its last checkpoint and its ledger.") { run, runs, workers, device, dashboard, sign };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (name, folder) = (parsed.GetRequiredValue(run), parsed.GetRequiredValue(runs));
            var storage = RunStorage.Open(folder);
            var recipe = await RunRecord.ReadRecipe(storage, name);
            var record = await RunRecord.Read(storage, name) ?? throw new UserErrorException($"There is no run {name} in {folder}; `sslo runs` lists them.");
            if (await Completed(storage, name, recipe, record, cancellation) is { } last)
            {
                if (screen.Json)
                    screen.JsonLine(new { run = name, phase = "completed", step = last.Step + 1, hash = last.Hash });
                else
                    screen.Line($"{name} is complete: {last.Step + 1} steps, weights {last.Hash}; there is nothing to resume. A longer training is a new run: `sslo train` with --epochs or --steps.");
                return ExitCodes.Well;
            }

            await using (var cluster = await ClusterConnection.TryConnect(folder, cancellation))
            {
                if (cluster is not null && await Phase(cluster, name) is RunPhase.Paused)
                {
                    await cluster.Grains.GetGrain<ITrainingRunGrain>(name).Continue();
                    if (screen.Json)
                        screen.JsonLine(new { run = name, did = "goes on" });
                    else
                        screen.Line($"{name} goes on");
                    return ExitCodes.Well;
                }
            }

            var request = new TrainingRequest(name, recipe, record.DataPath, folder, Resume: true, Workers: parsed.GetValue(workers), Device: parsed.GetValue(device)) { Dashboard = parsed.GetValue(dashboard), SigningKey = parsed.GetValue(sign) };
            return TrainingPresenter.ExitCode(await WatchedTraining.Run(screen, sessions, request, cancellation));
        });
        return command;
    }

    /// <summary>The last step of a run that came to its end; null where something is left to do.</summary>
    private static async Task<LedgerEntry?> Completed(IRunStorage storage, string run, Recipe recipe, RunRecord record, CancellationToken cancellation)
    {
        // A run that was killed between its last step and its last probe is marked as training.
        if (record.Training || record.Samples == 0)
            return null;
        var entries = await Ledger.Read(storage, run, cancellation);
        return entries.Count > 0 && entries.Count >= new RunPlan(recipe, record.Samples).TotalSteps ? entries[^1] : null;
    }

    private static Command Watch(Screen screen)
    {
        var (run, runs) = (RunName(), CommonOptions.Runs());
        var command = new Command("watch", "Follows a training that runs in another terminal. Ctrl-C stops watching, not the training.") { run, runs };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (name, folder) = (parsed.GetRequiredValue(run), parsed.GetRequiredValue(runs));
            await using var session = GrainTrainingSession.Follow(await Connect(folder, cancellation), name);
            using var view = TrainingViews.For(screen);
            view.Begin(new TrainingRequest(name, await RunRecord.ReadRecipe(RunStorage.Open(folder), name), "", folder) { DashboardAddress = session.Dashboard });
            try
            {
                await foreach (var news in session.News(cancellation))
                {
                    view.Show(news);
                    cancellation.ThrowIfCancellationRequested();
                }
            }
            catch (OperationCanceledException)
            {
            }

            return ExitCodes.Well;
        });
        return command;
    }

    private static Command Status(Screen screen)
    {
        var (run, runs) = (RunName(), CommonOptions.Runs());
        var command = new Command("status", "Where a training stands, and who computes it.") { run, runs };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var cluster = await Connect(parsed.GetRequiredValue(runs), cancellation);
            var status = await new PatientCalls(cluster, screen.Note).Ask(() => cluster.Grains.GetGrain<ITrainingRunGrain>(parsed.GetRequiredValue(run)).Status(), cancellation);
            if (screen.Json)
            {
                screen.JsonLine(status);
                return ExitCodes.Well;
            }

            screen.Line($"{status.Run}: {status.Phase}, step {status.Step} of {status.TotalSteps}, epoch {status.Epoch:0.00}, loss {status.Loss:0.####}, {status.ImagesPerSecond:0} images/s, weights {status.WeightsHash}");
            if (status.Message.Length > 0)
                screen.Line(status.Message);
            screen.Table(
                ["worker", "device", "state", "micro-batches", "per second", "process"],
                status.Workers.Select(w => (IReadOnlyList<string>)[w.Worker.Name, w.Worker.Device, Format.Word(w.State), $"{w.MicroBatches}", $"{w.MicroBatchesPerSecond:0.0}", $"{w.Worker.ProcessId}"]));
            return ExitCodes.Well;
        });
        return command;
    }

    private static Command OnRun(Screen screen, string verb, string description, Func<ITrainingRunGrain, Task> action, string said)
    {
        var (run, runs) = (RunName(), CommonOptions.Runs());
        var command = new Command(verb, description) { run, runs };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var cluster = await Connect(parsed.GetRequiredValue(runs), cancellation);
            await new PatientCalls(cluster, screen.Note).Ask(() => action(cluster.Grains.GetGrain<ITrainingRunGrain>(parsed.GetRequiredValue(run))), cancellation);
            if (screen.Json)
                screen.JsonLine(new { run = parsed.GetRequiredValue(run), did = said });
            else
                screen.Line($"{parsed.GetRequiredValue(run)}: {said}");
            return ExitCodes.Well;
        });
        return command;
    }

    private static Command Runs(Screen screen)
    {
        var runs = CommonOptions.Runs();
        var command = new Command("runs", "Lists the runs of a folder.") { runs };
        command.SetAction(async (parsed, cancellation) =>
        {
            var storage = RunStorage.Open(parsed.GetRequiredValue(runs));
            var rows = new List<IReadOnlyList<string>>();
            foreach (var path in (await storage.List("", cancellation)).Where(p => p.EndsWith("/" + RunRecord.FileName, StringComparison.Ordinal)))
            {
                var name = path[..^(RunRecord.FileName.Length + 1)];
                var recipe = await RunRecord.ReadRecipe(storage, name);
                var entries = await Ledger.Read(storage, name, cancellation);
                var hash = entries.Count > 0 ? entries[^1].Hash : "";
                rows.Add([name, recipe.Method, recipe.Backbone.Name, $"{entries.Count}", hash]);
                if (screen.Json)
                    screen.JsonLine(new { run = name, method = recipe.Method, backbone = recipe.Backbone.Name, steps = entries.Count, hash });
            }

            if (!screen.Json)
                screen.Table(["run", "method", "backbone", "steps", "weights"], rows);
            return ExitCodes.Well;
        });
        return command;
    }

    private static Command Hash(Screen screen)
    {
        var (run, runs) = (RunName(), CommonOptions.Runs());
        var command = new Command("hash", "The hash of the weights of a run's last commit.") { run, runs };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (name, folder) = (parsed.GetRequiredValue(run), parsed.GetRequiredValue(runs));
            var storage = RunStorage.Open(folder);
            await RunRecord.ReadRecipe(storage, name);
            var entries = await Ledger.Read(storage, name, cancellation);
            if (entries.Count == 0)
                throw new UserErrorException($"Run {name} has committed no step yet.");
            if (screen.Json)
                screen.JsonLine(new { run = name, step = entries[^1].Step, hash = entries[^1].Hash, chain = entries[^1].Chain });
            else
                screen.Line(entries[^1].Hash);
            return ExitCodes.Well;
        });
        return command;
    }

    /// <exception cref="UserErrorException">No cluster runs in this folder.</exception>
    internal static async Task<ClusterConnection> Connect(string runsFolder, CancellationToken cancellation)
        => await ClusterConnection.TryConnect(runsFolder, cancellation)
            ?? throw new UserErrorException($"No training runs in {runsFolder}; start one with `sslo train`, or name its folder with --runs.");

    private static async Task<RunPhase?> Phase(ClusterConnection cluster, string run)
    {
        try
        {
            return (await cluster.Grains.GetGrain<ITrainingRunGrain>(run).Status()).Phase;
        }
        catch (UserErrorException)
        {
            return null;
        }
    }
}
