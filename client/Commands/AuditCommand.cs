using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Grains.Data;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo audit</c>: the proof that every sample was used once, and that the weights are what the ledger says.</summary>
public static class AuditCommand
{
    public static Command Build(Screen screen)
    {
        var run = new Argument<string>("run") { Description = "Name of the run." };
        var runs = CommonOptions.Runs();
        var replay = new Option<string?>("--replay") { Description = "Computes steps again and compares hashes: a number of steps from the beginning, or all.", HelpName = "steps|all" };
        var command = new Command("audit", "Checks a run's ledger: every sample position once and only once, every hash in its chain.") { run, runs, replay };
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = parsed.GetRequiredValue(run);
            var storage = RunStorage.Open(parsed.GetRequiredValue(runs));
            var recipe = await RunRecord.ReadRecipe(storage, name);
            var record = await RunRecord.Read(storage, name) ?? throw new UserErrorException($"Run {name} has no {RunRecord.FileName}; it was not begun by this program.");
            var entries = await Ledger.Read(storage, name, cancellation);
            var audit = Ledger.Audit(entries, record.Samples, recipe.Batch.Effective, recipe.Batch.MicroBatches);
            var replayed = 0;
            var different = -1L;
            if (parsed.GetValue(replay) is { } much)
            {
                using var data = new ImageTrainingData(recipe, (split, options) => DataLocations.OpenSource(record.DataPath, split, options));
                if (data.Fingerprint != record.DataFingerprint)
                    throw new UserErrorException($"The images in {record.DataPath} have changed since the run; bring the same back to replay it.");
                using var trainer = new LocalTrainer(recipe, data, Math.Max(1, Environment.ProcessorCount / recipe.Workers.ThreadsPerWorker));
                foreach (var entry in entries.Take(Steps(much, entries.Count)))
                {
                    cancellation.ThrowIfCancellationRequested();
                    replayed++;
                    if (trainer.RunStep().WeightsHash == entry.Hash)
                        continue;
                    different = entry.Step;
                    break;
                }
            }

            var good = audit.IsExact && different < 0;
            if (screen.Json)
            {
                screen.JsonLine(new { run = name, steps = entries.Count, exact = audit.IsExact, verdict = audit.Verdict, problem = audit.Problem, epochs = audit.Epochs, replayed, firstDifferentStep = different, hash = entries.Count > 0 ? entries[^1].Hash : "" });
                return good ? ExitCodes.Well : ExitCodes.Failed;
            }

            screen.Line($"{name}: {audit.Verdict}");
            foreach (var epoch in audit.Epochs)
                screen.Line($"  epoch {epoch.Epoch}: {epoch.Used} of {record.Samples} samples used, {epoch.Lost} lost, {epoch.Twice} twice{(epoch.IsComplete ? "" : " (not complete)")}");
            if (replayed > 0)
                screen.Line(different < 0 ? $"replayed {replayed} steps by one process: every hash is the ledger's" : $"replayed {replayed} steps: step {different} gives other weights than the ledger has");
            return good ? ExitCodes.Well : ExitCodes.Failed;
        });
        return command;
    }

    private static int Steps(string much, int all)
        => much == "all" ? all
            : int.TryParse(much, out var steps) && steps > 0 ? Math.Min(steps, all)
            : throw new UserErrorException($"--replay is \"{much}\"; give a number of steps, or all.");
}
