using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Lifelines;
using SslOrleans.Grains.Parameters;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Optim;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Runs;

/// <summary>
/// Leads a run to its end: step by step compute, apply, record, announce. A step is announced only when the ledger has it. After a loss the
/// run goes on where its slices stand, or from a checkpoint; steps that are computed again must give the hashes that the ledger has.
/// </summary>
internal sealed partial class RunLeader
{
    /// <summary>Who came and who went is seen in a pause too.</summary>
    private static readonly TimeSpan s_glance = TimeSpan.FromSeconds(0.5);

    /// <summary>Workers of the same command join within this, which is nothing to tell of.</summary>
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(2);

    private readonly IRunStorage _storage;
    private readonly PayloadStore _payloads;
    private readonly ILifelines _lifelines;
    private readonly string _run;
    private readonly Recipe _recipe;
    private readonly RunBrief _brief;
    private readonly RunJournal _journal;
    private readonly ILogger _log;
    private readonly LedgerSigner _signer;
    private readonly IGrainFactory _grains;
    private readonly WorkerRoster _roster;
    private readonly RunMeters _meters;
    private readonly CollapseWatch _collapse = new();
    private readonly CancellationTokenSource _stop = new();
    private RunRecord _record;
    private Ledger? _ledger;
    private MetricsLog? _metrics;
    private CheckpointKeeper? _checkpoints;
    private RunPlan? _plan;
    private SliceSet? _slices;
    private RunEvaluations? _evaluations;
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loop = Task.CompletedTask;
    private TaskCompletionSource? _paused;
    private bool _stopping;
    private bool _leaving;
    private bool _checkpointSoon;
    private RunPhase _phase = RunPhase.Created;
    private long _step;
    private string _hash = "";
    private string _message = "";
    private string _copies = "";

    public RunLeader(
        IGrainFactory grains, IRunStorage storage, PayloadStore payloads, ILifelines lifelines, string run, Recipe recipe, RunRecord record, RunJournal journal, LedgerSigner signer, ILogger log)
    {
        (_grains, _storage, _payloads, _lifelines, _run, _recipe, _record, _journal, _signer, _log) = (grains, storage, payloads, lifelines, run, recipe, record, journal, signer, log);
        _brief = new RunBrief(run, RecipeReader.Write(recipe), record.DataPath);
        _meters = new RunMeters(recipe.Batch.Effective);
        _roster = new WorkerRoster(grains, _brief, recipe.Workers, (kind, text, worker) => Tell(kind, text, worker))
        {
            NumericsClass = record.NumericsClass.Length > 0 ? record.NumericsClass : null,
        };
    }

    private IBatchMeetingGrain? Meetings => _recipe.Backbone.BatchNorm == "sync" ? _grains.GetGrain<IBatchMeetingGrain>(_run) : null;

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
        _stopping = true;
        Continue();

        // With nobody to compute the step will not end by itself.
        if (_phase is RunPhase.WaitingForWorkers or RunPhase.WaitingForStorage)
            _stop.Cancel();
        return _loop;
    }

    /// <summary>Stops after the step in progress, for a leader on another silo to go on.</summary>
    public Task Leave()
    {
        _leaving = true;
        return Stop();
    }

    public void CheckpointSoon() => _checkpointSoon = true;

    public void WorkerLeft(string worker) => _roster.Left(worker);

    public void Evaluated(EvaluationResult result) => _evaluations?.Take(result);

    public RunLeases Leases(long change) => _roster.Leases.After(change);

    public RunStatus Status() => new(
        _run,
        _phase,
        _recipe.Method,
        _step,
        _plan?.TotalSteps ?? 0,
        _plan is null ? 0 : (double)_plan.FirstPosition(_step) / _plan.Samples,
        _meters.Loss,
        _meters.LearningRate,
        _meters.ImagesPerSecond,
        _meters.DataWaitShare,
        _hash,
        _message,
        [.. _roster.All.Select(w => new WorkerShare(w.Info, w.Gone ? "gone" : w.Ready ? (w.Busy ? "computing" : "ready") : "preparing", w.MicroBatches, w.Speed, w.LastSeen))],
        _checkpoints?.Last ?? -1,
        new Dictionary<string, double>(_meters.Probes));

    private async Task Lead(bool takeOver)
    {
        var (ended, standing) = (true, takeOver);
        using var ending = new CancellationTokenSource();
        var listening = Listen(ending.Token);
        try
        {
            await Storing(async () => _ledger = await Ledger.Open(_storage, _run));
            if (_ledger!.Repair is { } repair)
                Tell("message", repair);
            RefuseThoseWhoDiffered();
            RememberReplaced();
            _metrics = new MetricsLog(_storage, _run);
            _checkpoints = new CheckpointKeeper(_storage, _run, _recipe.Checkpoint, text => Tell("message", text));
            await Storing(() => Remember(training: true));
            while (true)
            {
                try
                {
                    await Prepare();
                    if (!(standing && await GoOnStanding()))
                        await Restore();
                    _sumsAreSuspect = true;
                    standing = true;
                    await Train();
                    ended = !_leaving;
                    return;
                }
                catch (StateLostException e)
                {
                    Tell("message", $"{e.Message}");
                }
            }
        }
        catch (OperationCanceledException) when (_stopping)
        {
            ended = !_leaving;
            Enter(_leaving ? RunPhase.Recovering : RunPhase.Stopped, "stopped while it waited");
            Tell("stopped", _message);
        }
        catch (Exception e) when (e is OrleansException or ObjectDisposedException)
        {
            // Nobody answers: this silo may be the one that is lost, so it must not say that the run is over.
            (ended, HasGivenUp) = (false, true);
            Enter(RunPhase.Recovering, e.Message);
            Tell("message", $"the cluster does not answer: {e.Message}");
        }
        catch (Exception e)
        {
            if (e is not (UserErrorException or LedgerException or CheckpointException or StorageUnavailableException))
                _log.LogError(e, "Run {Run} failed at step {Step}", _run, _step);
            Enter(RunPhase.Failed, e.Message);
            Tell("failed", e.Message);
        }
        finally
        {
            await ending.CancelAsync();
            await listening;
            if (ended)
                await Remember(training: false).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await (_metrics?.Flush() ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await (_journal.Log?.Flush() ?? Task.CompletedTask);
            if (ended)
                _over.SetResult();
        }
    }

    /// <summary>Hears of silos whose lifelines break, on the run grain's scheduler.</summary>
    private async Task Listen(CancellationToken cancellation)
    {
        var broken = Channel.CreateUnbounded<string>();
        Action<string> hear = silo => broken.Writer.TryWrite(silo);
        _lifelines.Broken += hear;
        try
        {
            await foreach (var silo in broken.Reader.ReadAllAsync(cancellation))
                _roster.SiloLost(silo);
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            _lifelines.Broken -= hear;
        }
    }

    private async Task Train()
    {
        await _evaluations!.AskIfDue(_step, _hash, _ledger!.Entries.Count);
        while (_step < _plan!.TotalSteps)
        {
            await _roster.Refresh(_step);
            if (!_roster.Live.Any())
                await WaitForWorker();
            Enter(_step < _ledger!.Entries.Count ? RunPhase.Recovering : RunPhase.Training, "");
            var started = Stopwatch.GetTimestamp();
            var outcome = await Compute();
            await Commit(outcome, started);
            await Sign();
            await _evaluations!.AskIfDue(_step, _hash, _ledger!.Entries.Count);
            if (_step < _plan.TotalSteps && (_checkpointSoon || _checkpoints!.IsDue(_step)))
            {
                _checkpointSoon = false;
                await _checkpoints!.Write(await _slices!.Snapshot(_step, _hash), wait: false);
                Tell("checkpoint", $"checkpoint {_step}");
            }

            if (_stopping)
                break;
            if (_paused is { } paused)
            {
                Enter(RunPhase.Paused, "paused");
                Tell("message", "paused");
                while (await Task.WhenAny(paused.Task, Task.Delay(s_glance)) != paused.Task)
                    await _roster.Refresh(_step);
            }
        }

        await _checkpoints!.Write(await _slices!.Snapshot(_step, _hash), wait: true, _stop.Token);
        var done = _step >= _plan.TotalSteps;
        if (done)
            await _evaluations!.Finish(() => _stopping, WaitForWorker);
        await Sign(atEnd: true);
        await Storing(_metrics!.Flush);
        if (!done && _leaving)
        {
            Enter(RunPhase.Recovering, "goes on from another silo");
            Tell("message", _message);
            return;
        }

        Enter(done ? RunPhase.Completed : RunPhase.Stopped, "");
        Tell(done ? "completed" : "stopped", done ? $"completed {_step} steps; weights {_hash}" : $"stopped after {_step} steps; `sslo resume {_run}` goes on");
    }

    /// <summary>Applies, records, announces, in this order.</summary>
    private async Task Commit(StepOutcome outcome, long started)
    {
        if (!float.IsFinite(outcome.Loss))
        {
            var (term, value) = outcome.Reported.Where(r => !float.IsFinite(r.Value) && r.Key is not (CollapseWatch.Spread or CollapseWatch.OverChance))
                .Select(r => (r.Key, r.Value)).FirstOrDefault(("loss", outcome.Loss));
            throw new UserErrorException($"Step {_step}: {term} is {value}; weights stay at the step before, checkpoint {_checkpoints!.Last} is good. Start a new run with a lower optimizer.learningRate, or with optimizer.clipGradientNorm; a resumed one keeps its recipe.");
        }

        RefuseTooManyReplaced(outcome.Replaced);
        var computed = Stopwatch.GetTimestamp();

        // Asked before any slice applies: a loss may be finite where its gradient is not, and from here on every warm copy has the sum.
        var measured = await _slices!.Measure(_step);
        TellCopies(measured);
        TellTroubles(measured.Select(m => m.Trouble));
        var norm = Math.Sqrt(measured.Sum(s => s.GradientSquares));
        if (!double.IsFinite(norm))
            throw new UserErrorException($"Step {_step}: the gradient's norm is {norm} at loss {outcome.Loss}; weights stay at the step before, checkpoint {_checkpoints!.Last} is good. Start a new run with a lower optimizer.learningRate; a resumed one keeps its recipe.");
        var schedule = _plan!.Schedule(_step);
        var clip = _recipe.Optimizer.ClipGradientNorm > 0 ? Clipping.Factor(_recipe.Optimizer, norm) : 1.0;
        var entry = new LedgerEntry
        {
            Step = _step,
            Epoch = _plan.Epoch(_step),
            First = _plan.FirstPosition(_step),
            Count = _plan.EffectiveBatch,
            Loss = outcome.Loss,
            LearningRate = schedule.LearningRate,
            Work = [.. outcome.Done.Select(w => new LedgerWork(w.Worker, [.. w.Leaves.Select(l => l.ToString())]))],
            Lost = [.. outcome.Lost.Select(w => new LedgerLoss(w.Worker, [.. w.Leaves.Select(l => l.ToString())], w.Why))],
            Replaced = outcome.Replaced.Count > 0 ? outcome.Replaced : null,
            Verified = outcome.Verified.Count > 0 ? outcome.Verified : null,
            Differed = outcome.Differed.Count > 0 ? outcome.Differed : null,
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
            Time = DateTimeOffset.UtcNow,
        };
        var intent = new StepIntent(TensorPlaces.Rates(schedule), clip, outcome.Advance, JsonSerializer.Serialize(entry, RecipeReader.SerializerOptions));
        await _slices.Intend(intent);
        var (slices, hash) = await _slices.Apply(intent);
        _meters.Committed(outcome, schedule, slices, Stopwatch.GetElapsedTime(started).TotalSeconds, Stopwatch.GetElapsedTime(computed).TotalSeconds, _roster.Live.Count());
        TellReplaced(outcome.Replaced);
        await Record(entry with { Hash = hash, Seconds = _meters.StepSeconds }, _meters.Values());
        if (_collapse.Look(outcome.Reported, norm) is { } warning)
            Tell("warning", warning);
    }

    /// <summary>Writes the ledger, or checks against it where the step is there; then the step is over.</summary>
    private async Task Record(LedgerEntry entry, Dictionary<string, double> values)
    {
        if (entry.Step < _ledger!.Entries.Count)
            Check(entry, _ledger.Entries[checked((int)entry.Step)]);
        else
            await Storing(() => _ledger!.Append(entry));
        (_step, _hash) = (entry.Step + 1, entry.Hash);
        _metrics!.Add(entry.Step, entry.Hash, values);
        if (_metrics.IsDue)
            await Storing(_metrics.Flush);
        _journal.Add("step", entry.Step, "", null, values);
        RunInstruments.Committed(_run, _recipe.Method, entry);
    }

    private static void Check(LedgerEntry now, LedgerEntry then)
    {
        if (now.Hash != then.Hash)
        {
            throw new UserErrorException(
                $"Step {now.Step} gave weights {now.Hash} when it was computed again, but the ledger has {then.Hash}: the data, the libraries or the machine differ from those of the run; bring back what changed.");
        }
    }

    /// <summary>A storage that does not take it holds the run until it does.</summary>
    private async Task Storing(Func<Task> write)
    {
        var phase = _phase;
        while (true)
        {
            try
            {
                await write();
                if (_phase == RunPhase.WaitingForStorage)
                {
                    Enter(phase, "");
                    Tell("message", "the storage is back");
                }

                return;
            }
            catch (StorageUnavailableException e)
            {
                if (_phase != RunPhase.WaitingForStorage)
                    Tell("waiting", $"the commit waits for the storage: {e.Message}");
                Enter(RunPhase.WaitingForStorage, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), _stop.Token);
            }
        }
    }

    private async Task WaitForWorker()
    {
        await _roster.Refresh(_step);
        if (_roster.Live.Any())
        {
            await _roster.WaitForWorker(_stop.Token);
            return;
        }

        var phase = _phase;
        Enter(RunPhase.WaitingForWorkers, "no worker is here; the run goes on when one comes");

        // A run that was asked to stop gives the step up; a resumed run computes it again.
        if (_stopping)
            await _stop.CancelAsync();
        var coming = _roster.WaitForWorker(_stop.Token);
        if (await Task.WhenAny(coming, Task.Delay(s_quiet)) != coming)
        {
            Enter(RunPhase.WaitingForWorkers, _message + (_roster.LastRefusal is { Length: > 0 } last ? $" (refused: {last})" : ""));
            Tell("waiting", _message);
        }

        await coming;
        Enter(phase, "");
    }

    private void Enter(RunPhase phase, string message) => (_phase, _message) = (phase, message);

    private void Tell(string kind, string text, string? worker = null)
    {
        _journal.Add(kind, _step, text, worker);
        RunInstruments.Happened(_run, kind);
    }
}
