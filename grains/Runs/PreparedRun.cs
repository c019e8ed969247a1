using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Runs;

/// <summary>What is known of a run once a worker has seen its images and built its networks.</summary>
internal sealed record PreparedRun(RunPlan Plan, SliceSet Slices, RunEvaluations Evaluations)
{
    /// <summary>Waits for the first worker.</summary>
    /// <exception cref="UserErrorException">The images are not those that the run was begun with.</exception>
    public static async Task<PreparedRun> Open(RunContext run, RunFiles files, ImageNews images)
    {
        run.Progress.Enter(RunPhase.Recovering);
        await run.WaitForWorker();
        var shape = run.Roster.Shape;
        await KeepIdentity(run, shape);
        images.TellNotes(shape.Notes);
        var plan = new RunPlan(run.Recipe, shape.Samples);
        return new PreparedRun(
            plan,
            new SliceSet(run.Services.Grains, run.Services.Payloads, run.Run, run.Brief.Recipe, shape, run.Recipe.Workers.Slices),
            new RunEvaluations(run.Services.Grains, run.Brief, run.Recipe, plan, shape, run.Roster, run.Meters, files.Metrics, run.Progress.TellOf));
    }

    private static async Task KeepIdentity(RunContext run, RunShape shape)
    {
        var record = run.Record;
        if (record.DataFingerprint.Length > 0 && record.DataFingerprint != shape.DataFingerprint)
            throw new UserErrorException($"The images in {record.DataPath} have fingerprint {shape.DataFingerprint}, the run was begun with {record.DataFingerprint}; bring the same images back.");
        if (record.DataFingerprint.Length == 0)
            await run.Store(() => run.Keep(record with { DataFingerprint = shape.DataFingerprint, Samples = shape.Samples, NumericsClass = run.Roster.NumericsClass ?? "" }));
    }
}
