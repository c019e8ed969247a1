using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Steps;

namespace SslOrleans.Grains.Runs;

/// <summary>What people see of a run.</summary>
internal static class RunView
{
    /// <param name="run">The run.</param>
    /// <param name="prepared">Null before a worker has seen the images.</param>
    /// <param name="files">Null before they are open.</param>
    public static RunStatus Status(RunContext run, PreparedRun? prepared, RunFiles? files) => new(
        run.Run,
        run.Progress.Phase,
        run.Recipe.Method,
        run.Progress.Step,
        prepared?.Plan.TotalSteps ?? 0,
        Epoch(run, prepared),
        run.Meters.Loss,
        run.Meters.LearningRate,
        run.Meters.ImagesPerSecond,
        run.Meters.DataWaitShare,
        run.Progress.Hash,
        run.Progress.Message,
        [.. run.Roster.All.Select(w => new WorkerShare(w.Info, State(w), w.MicroBatches, w.Speed, w.LastSeen))],
        files?.Checkpoints.Last ?? -1,
        new Dictionary<string, double>(run.Meters.Probes));

    /// <summary>The same for those who look at grains.</summary>
    /// <param name="run">The run.</param>
    /// <param name="prepared">Null before a worker has seen the images.</param>
    /// <param name="files">Null before they are open.</param>
    /// <param name="copies">Which slice has its warm copy where.</param>
    public static RunFacts Facts(RunContext run, PreparedRun? prepared, RunFiles? files, string copies) => new(
        run.Progress.Phase,
        run.Recipe.Method,
        run.Progress.Step,
        prepared?.Plan.TotalSteps ?? 0,
        Epoch(run, prepared),
        run.Progress.Step > 0 && float.IsFinite(run.Meters.Loss) ? run.Meters.Loss : null,
        run.Progress.Hash,
        files is { Checkpoints.Last: >= 0 and var last } ? last : null,
        [.. run.Roster.All.Where(w => !w.Gone).Select(w => $"{w.Name} ({State(w).ToString().ToLowerInvariant()})")],
        copies,
        WaitsFor(run));

    private static double Epoch(RunContext run, PreparedRun? prepared)
        => prepared is null ? 0 : (double)prepared.Plan.FirstPosition(run.Progress.Step) / prepared.Plan.Samples;

    private static WorkerActivity State(RunWorker worker)
        => worker.Gone ? WorkerActivity.Gone : !worker.Ready ? WorkerActivity.Preparing : worker.Busy ? WorkerActivity.Computing : WorkerActivity.Ready;

    private static string WaitsFor(RunContext run)
    {
        var progress = run.Progress;
        if (progress.Message.Length > 0 || progress.Phase is not (RunPhase.Training or RunPhase.Recovering))
            return progress.Message;
        var busy = run.Roster.All.Where(w => w is { Gone: false, Busy: true }).Select(w => w.Name).ToList();
        return busy.Count > 0 ? $"step {progress.Step}: micro-batches of {string.Join(", ", busy)}" : $"step {progress.Step}: its commit";
    }
}
