using System.Globalization;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Data;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Inspection;

/// <summary>What computing steps of a run again gave.</summary>
/// <param name="From">The first of them.</param>
/// <param name="Steps">How many were computed.</param>
/// <param name="Different">The first step whose weights are not the ledger's; −1: none.</param>
/// <param name="Skipped">Checkpoints that were passed over, and why.</param>
public sealed record ReplayResult(long From, int Steps, long Different, IReadOnlyList<string> Skipped);

/// <summary>Computes committed steps of a run again in this process and holds their weights against the ledger's hashes.</summary>
public sealed class LedgerReplay(IRunStorage storage, string run, Recipe recipe, RunRecord record, IReadOnlyList<LedgerEntry> entries)
{
    /// <param name="what">A step, which is computed from the newest whole checkpoint before it; or <c>all</c>, from the initial weights on.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    /// <param name="progress">Told which share of the steps is computed.</param>
    /// <exception cref="UserErrorException">The ledger has no such step, or the images are not those of the run.</exception>
    public async Task<ReplayResult> Run(string what, CancellationToken cancellation, IProgress<double>? progress = null)
    {
        var last = Last(what);
        using var data = TrainingData.Open(recipe, DataLocations.Access(record.DataPath));
        if (data.Fingerprint != record.DataFingerprint)
            throw new UserErrorException($"The images in {record.DataPath} have changed since the run; bring the same back to replay it.");
        using var trainer = new LocalTrainer(recipe, data, Math.Max(1, Environment.ProcessorCount / recipe.Workers.ThreadsPerWorker));
        var search = what == "all" ? new CheckpointSearch(null, []) : await new CheckpointStore(storage, run).Newest(last, cancellation);

        // The initial weights come from the seed: nothing has to be believed.
        if (search.Found is { Step: > 0 } checkpoint)
        {
            Restore(trainer, checkpoint.Step, await CheckpointReader.Open(storage, run, checkpoint.Step));
            if (trainer.WeightsHash != entries[(int)checkpoint.Step - 1].Hash)
                return new ReplayResult(checkpoint.Step, 0, checkpoint.Step - 1, search.Skipped);
        }

        var from = trainer.Step;
        while (trainer.Step <= last)
        {
            cancellation.ThrowIfCancellationRequested();
            var step = trainer.RunStep();
            progress?.Report((double)(trainer.Step - from) / (last + 1 - from));
            if (step.WeightsHash != entries[(int)step.Step].Hash)
                return new ReplayResult(from, (int)(trainer.Step - from), step.Step, search.Skipped);
        }

        return new ReplayResult(from, (int)(trainer.Step - from), -1, search.Skipped);
    }

    private long Last(string what)
    {
        if (what == "all")
            return entries.Count - 1;
        if (!long.TryParse(what, NumberStyles.None, CultureInfo.InvariantCulture, out var step))
            throw new UserErrorException($"--replay is \"{what}\"; give a step, or all.");
        return step < entries.Count
            ? step
            : throw new UserErrorException(entries.Count == 0
                ? $"--replay is {step}, but {run} has no committed step yet; train it first."
                : $"--replay is {step}, but the steps of {run} go from 0 to {entries.Count - 1}; give one of them, or all.");
    }

    /// <summary>Puts a saved version into a trainer.</summary>
    internal static void Restore(LocalTrainer trainer, long step, CheckpointReader reader)
    {
        var whole = new LayoutSlice(0, 0, trainer.Layout.Length, trainer.Layout.Entries);
        trainer.Restore(
            step,
            reader.Vector(CheckpointReader.Parameters, whole, e => e.Name),
            trainer.OptimizerStates.ToDictionary(name => name, name => reader.Vector(CheckpointReader.Optimizer, whole, e => $"{name}.{e.Name}")),
            trainer.Layout.HasTeacher ? reader.Vector(CheckpointReader.Teacher, whole, e => e.Name) : new float[trainer.Layout.Length],
            reader.MethodState(trainer.MethodStates));
    }
}
