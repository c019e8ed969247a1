using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Runs;

/// <summary>
/// Leads a run to its end: step by step compute, apply, record, announce. A step is announced only when the ledger has it. After a loss the
/// run goes on where its slices stand, or from a checkpoint; steps that are computed again must give the hashes that the ledger has.
/// </summary>
internal sealed class RunLeader(RunServices services, string run, Recipe recipe, RunRecord record, RunJournal journal)
{
    /// <summary>How often a pause looks who came and who went.</summary>
    private static readonly TimeSpan s_glance = TimeSpan.FromSeconds(0.5);

    private readonly RunContext _run = new(services, run, recipe, record, journal);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loop = Task.CompletedTask;
    private OpenRun? _open;
    private PreparedRun? _prepared;
    private TaskCompletionSource? _paused;
    private bool _leaving;
    private bool _checkpointSoon;

    private RunProgress Progress => _run.Progress;

    public bool IsRunning => !_loop.IsCompleted;

    /// <summary>Completes after the last event of a run that is over; never for one that goes on elsewhere.</summary>
    public Task Over => _over.Task;

    /// <summary>It ended, and the run should go on: here or, when this silo is the one that was lost, elsewhere.</summary>
    public bool HasGivenUp { get; private set; }

    /// <param name="takeOver">The run was led elsewhere until now, and its slices may be alive.</param>
    public void Begin(bool takeOver = false) => _loop = Lead(takeOver);

    public void Pause() => _paused ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Continue()
    {
        _paused?.TrySetResult();
        _paused = null;
    }

    /// <summary>Returns when the step in progress is committed and a checkpoint is written.</summary>
    public Task Stop()
    {
        _run.Stop();
        Continue();
        return _loop;
    }

    /// <summary>Stops after the step in progress, for a leader on another silo to go on.</summary>
    public Task Leave()
    {
        _leaving = true;
        return Stop();
    }

    public void CheckpointSoon() => _checkpointSoon = true;

    public void WorkerLeft(string worker) => _run.Roster.Left(worker);

    public void Evaluated(EvaluationResult result) => _prepared?.Evaluations.Take(result);

    public RunLeases Leases(long change) => _run.Roster.Leases.After(change);

    public RunStatus Status() => RunView.Status(_run, _prepared, _open?.Files);

    public RunFacts Facts() => RunView.Facts(_run, _prepared, _open?.Files, _open?.Commits.Copies ?? "");

    private async Task Lead(bool takeOver)
    {
        var ended = true;
        using var ending = new CancellationTokenSource();
        var listening = Listen(ending.Token);
        try
        {
            _open = await OpenRun.Of(_run);
            await _run.Store(() => _run.Keep(_run.Record with { Training = true }));
            await TrainThroughLosses(_open, takeOver);
            ended = !_leaving;
        }
        catch (OperationCanceledException) when (_run.IsStopping)
        {
            ended = !_leaving;
            Progress.Enter(_leaving ? RunPhase.Recovering : RunPhase.Stopped, "stopped while it waited");
            Progress.Tell(RunEventKind.Stopped, Progress.Message);
        }
        catch (Exception e) when (e is OrleansException or ObjectDisposedException)
        {
            // Nobody answers: this silo may be the one that is lost, so it must not say that the run is over.
            (ended, HasGivenUp) = (false, true);
            Progress.Enter(RunPhase.Recovering, e.Message);
            Progress.Tell(RunEventKind.Message, $"the cluster does not answer: {e.Message}");
        }
        catch (Exception e)
        {
            if (e is not (UserErrorException or LedgerException or CheckpointException or StorageUnavailableException))
                services.Log.LogError(e, "Run {Run} failed at step {Step}", run, Progress.Step);
            Progress.Enter(RunPhase.Failed, e.Message);
            Progress.Tell(RunEventKind.Failed, e.Message);
        }
        finally
        {
            await ending.CancelAsync();
            await listening;
            if (ended)
                await _run.Keep(_run.Record with { Training = false }).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await (_open?.Files.Metrics.Flush() ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await Progress.Flush();
            if (ended)
                _over.SetResult();
        }
    }

    /// <summary>Hears of silos whose lifelines break, on the run grain's scheduler.</summary>
    private async Task Listen(CancellationToken cancellation)
    {
        var broken = Channel.CreateUnbounded<string>();
        Action<string> hear = silo => broken.Writer.TryWrite(silo);
        services.Lifelines.Broken += hear;
        try
        {
            await foreach (var silo in broken.Reader.ReadAllAsync(cancellation))
                _run.Roster.SiloLost(silo);
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            services.Lifelines.Broken -= hear;
        }
    }

    /// <param name="open">The run's files and what works on them.</param>
    /// <param name="standing">Slices may stand somewhere; without it they are restored.</param>
    private async Task TrainThroughLosses(OpenRun open, bool standing)
    {
        while (true)
        {
            try
            {
                _prepared = await PreparedRun.Open(_run, open.Files, open.Images);
                if (!(standing && await open.Recovery.GoOnStanding(_prepared)))
                    await open.Recovery.Restore(_prepared);
                open.Steps.SuspectSums();
                standing = true;
                await Train(open, _prepared);
                await Finish(open, _prepared);
                return;
            }
            catch (StateLostException e)
            {
                Progress.Tell(RunEventKind.Message, e.Message);
            }
        }
    }

    private async Task Train(OpenRun open, PreparedRun prepared)
    {
        await EvaluateIfDue();
        while (Progress.Step < prepared.Plan.TotalSteps)
        {
            await _run.Roster.Refresh(Progress.Step);
            if (!_run.Roster.Live.Any())
                await _run.WaitForWorker();
            Progress.Enter(Progress.Step < open.Files.Ledger.Entries.Count ? RunPhase.Recovering : RunPhase.Training);
            var started = Stopwatch.GetTimestamp();
            var outcome = await open.Steps.Compute(prepared);
            await open.Commits.Commit(prepared, outcome, started);
            await open.Signing.Sign();
            await EvaluateIfDue();
            if (Progress.Step < prepared.Plan.TotalSteps && (_checkpointSoon || open.Files.Checkpoints.IsDue(Progress.Step)))
                await Checkpoint(open, prepared);
            if (_run.IsStopping)
                return;
            if (_paused is { } paused)
                await WaitWhilePaused(paused.Task);
        }

        Task EvaluateIfDue() => prepared.Evaluations.AskIfDue(Progress.Step, Progress.Hash, open.Files.Ledger.Entries.Count);
    }

    private async Task Checkpoint(OpenRun open, PreparedRun prepared)
    {
        _checkpointSoon = false;

        // Steps before a checkpoint are never computed again, so what was measured of them must be kept before it is.
        await _run.Store(open.Files.Metrics.Flush);
        await open.Files.Checkpoints.Write(await prepared.Slices.Snapshot(Progress.Step, Progress.Hash), wait: false);
        Progress.Tell(RunEventKind.Checkpoint, $"checkpoint {Progress.Step}");
    }

    private async Task WaitWhilePaused(Task paused)
    {
        Progress.Enter(RunPhase.Paused, "paused");
        Progress.Tell(RunEventKind.Message, "paused");
        while (await Task.WhenAny(paused, Task.Delay(s_glance)) != paused)
            await _run.Roster.Refresh(Progress.Step);
    }

    /// <summary>After the last step, or after the last one before a stop.</summary>
    private async Task Finish(OpenRun open, PreparedRun prepared)
    {
        await open.Files.Checkpoints.Write(await prepared.Slices.Snapshot(Progress.Step, Progress.Hash), wait: true, _run.GivenUp);
        var done = Progress.Step >= prepared.Plan.TotalSteps;
        if (done)
            await prepared.Evaluations.Finish(() => _run.IsStopping, _run.WaitForWorker);
        await open.Signing.Sign(atEnd: true);
        await _run.Store(open.Files.Metrics.Flush);
        if (!done && _leaving)
        {
            Progress.Enter(RunPhase.Recovering, "goes on from another silo");
            Progress.Tell(RunEventKind.Message, Progress.Message);
            return;
        }

        await TellInAll(open);
        Progress.Enter(done ? RunPhase.Completed : RunPhase.Stopped);
        if (done)
            Progress.Tell(RunEventKind.Completed, $"completed {Progress.Step} steps; weights {Progress.Hash}");
        else
            Progress.Tell(RunEventKind.Stopped, $"stopped after {Progress.Step} steps; `sslo resume {run}` goes on");
    }

    /// <summary>What nobody asked for in so many words, once and at the end.</summary>
    private async Task TellInAll(OpenRun open)
    {
        var clip = _run.Recipe.Optimizer.ClipGradientNorm;
        IReadOnlyList<MetricsEntry> metrics = [];
        if (clip > 0)
            await _run.Store(async () => metrics = await MetricsLog.Read(services.Storage, run));
        var norms = metrics.Select(m => m.Values.GetValueOrDefault("gradientNorm", double.NaN)).Where(n => !double.IsNaN(n));
        if (RunTally.Of(open.Files.Ledger.Entries, norms, clip, open.Images.Noted.Where(n => n.StartsWith(ImageKinds.Converted, StringComparison.Ordinal) || n.StartsWith(DataNotes.OfFiles, StringComparison.Ordinal))) is { } told)
            Progress.Tell(RunEventKind.Message, told);
    }
}
