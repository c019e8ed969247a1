using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Orleans;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Parameters;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Optim;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Runs;

/// <summary>
/// Leads a run from its last checkpoint to its end: recover, then step by step compute, apply, record, announce.
/// A step is announced only when the ledger has it; after any loss the steps that the ledger has are computed again
/// and must give the recorded hashes.
/// </summary>
internal sealed class RunLeader
{
    private readonly IRunStorage _storage;
    private readonly string _run;
    private readonly Recipe _recipe;
    private readonly RunBrief _brief;
    private readonly RunJournal _journal;
    private readonly ILogger _log;
    private readonly IGrainFactory _grains;
    private readonly WorkerRoster _roster;
    private readonly RunMeters _meters;
    private readonly CancellationTokenSource _stop = new();
    private RunRecord _record;
    private Ledger? _ledger;
    private MetricsLog? _metrics;
    private CheckpointKeeper? _checkpoints;
    private RunPlan? _plan;
    private SliceSet? _slices;
    private RunEvaluations? _evaluations;
    private Task _loop = Task.CompletedTask;
    private TaskCompletionSource? _paused;
    private bool _stopping;
    private bool _checkpointSoon;
    private RunPhase _phase = RunPhase.Created;
    private long _step;
    private string _hash = "";
    private string _message = "";

    public RunLeader(IGrainFactory grains, IRunStorage storage, string run, Recipe recipe, RunRecord record, RunJournal journal, ILogger log)
    {
        (_grains, _storage, _run, _recipe, _record, _journal, _log) = (grains, storage, run, recipe, record, journal, log);
        _brief = new RunBrief(run, RecipeReader.Write(recipe), record.DataPath);
        _meters = new RunMeters(recipe.Batch.Effective);
        _roster = new WorkerRoster(grains, _brief, recipe.Workers.AllowMixedHardware, (kind, text, worker) => Tell(kind, text, worker))
        {
            NumericsClass = record.NumericsClass.Length > 0 ? record.NumericsClass : null,
        };
    }

    public bool IsRunning => !_loop.IsCompleted;

    public void Begin() => _loop = Lead();

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

    private async Task Lead()
    {
        try
        {
            await Storing(async () => _ledger = await Ledger.Open(_storage, _run));
            if (_ledger!.Repair is { } repair)
                Tell("message", repair);
            _metrics = new MetricsLog(_storage, _run);
            _checkpoints = new CheckpointKeeper(_storage, _run, _recipe.Checkpoint, text => Tell("message", text));
            while (true)
            {
                try
                {
                    await Recover();
                    await Train();
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
            Enter(RunPhase.Stopped, "stopped while it waited");
            Tell("stopped", _message);
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
            await (_metrics?.Flush() ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await (_journal.Log?.Flush() ?? Task.CompletedTask);
        }
    }

    /// <summary>Puts every slice at the newest checkpoint, or at the beginning.</summary>
    private async Task Recover()
    {
        Enter(RunPhase.Recovering, "");
        await WaitForWorker();
        var shape = _roster.Shape;
        await KeepIdentity(shape);
        _plan = new RunPlan(_recipe, shape.Samples);
        _slices = new SliceSet(_grains, _run, _brief.Recipe, shape, _recipe.Workers.Slices);
        _evaluations = new RunEvaluations(_grains, _brief, _recipe, _plan, shape, _roster, _meters, _metrics!, (kind, step, text, values) => _journal.Add(kind, step, text, null, values));
        await _checkpoints!.Settle();
        CheckpointManifest? found = null;
        await Storing(async () => found = await _checkpoints.Newest(_ledger!.Entries.Count));
        if (found is { } newest)
        {
            await _slices.Restore(newest.Step);
            (_step, _hash) = (newest.Step, newest.WeightsHash);
            if (_step > 0 || _ledger!.Entries.Count > 0)
                Tell("recovered", $"restored checkpoint {_step}; {_ledger!.Entries.Count - _step} committed steps are computed again");
        }
        else
        {
            if (_ledger!.Entries.Count > 0)
                Tell("message", "no usable checkpoint is left; the run is computed again from its initial weights");
            await LoadInitial();
            _step = 0;
            await _checkpoints.Write(await _slices.Snapshot(0, ""), wait: true, _stop.Token);
        }
    }

    private async Task LoadInitial()
    {
        while (true)
        {
            await WaitForWorker();
            var worker = _roster.Live.First();
            try
            {
                var shape = await worker.Ask(w => w.Prepare(_brief, load: true));
                await _slices!.CreateState(shape.InitialState);
                return;
            }
            catch (Exception e) when (e is not (UserErrorException or StateLostException))
            {
                _roster.Lost(worker, e);
            }
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
            var outcome = await new StepRunner(_brief, _roster.Shape, _recipe.Batch.MicroBatches, _recipe.Workers.SecondLeaseFactor, _step, _roster, WaitForWorker).Run(_stop.Token);
            await Commit(outcome, started);
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
                await paused.Task;
            }
        }

        await _checkpoints!.Write(await _slices!.Snapshot(_step, _hash), wait: true, _stop.Token);
        var done = _step >= _plan.TotalSteps;
        if (done)
            await _evaluations!.Finish(() => _stopping, WaitForWorker);
        Enter(done ? RunPhase.Completed : RunPhase.Stopped, "");
        await _metrics!.Flush();
        Tell(done ? "completed" : "stopped", done ? $"completed {_step} steps; weights {_hash}" : $"stopped after {_step} steps; `sslo resume {_run}` goes on");
    }

    /// <summary>Applies, records, announces, in this order.</summary>
    private async Task Commit(StepOutcome outcome, long started)
    {
        if (!float.IsFinite(outcome.Loss))
        {
            var term = outcome.Reported.Where(r => !float.IsFinite(r.Value)).Select(r => r.Key).FirstOrDefault() ?? "loss";
            throw new UserErrorException($"Step {_step}: {term} is {outcome.Loss}; weights stay at the step before, checkpoint {_checkpoints!.Last} is good. Lower optimizer.learningRate or set optimizer.clipGradientNorm.");
        }

        var schedule = _plan!.Schedule(_step);
        var clip = 1.0;
        if (_recipe.Optimizer.ClipGradientNorm > 0)
            clip = Clipping.Factor(_recipe.Optimizer, Math.Sqrt((await _slices!.Measure(_step)).Sum(s => s.GradientSquares)));
        var (slices, hash) = await _slices!.Apply(TensorPlaces.Rates(schedule), clip, outcome.Advance);
        _meters.Committed(outcome, schedule, slices, Stopwatch.GetElapsedTime(started).TotalSeconds, _roster.Live.Count());
        var entry = new LedgerEntry
        {
            Step = _step,
            Epoch = _plan.Epoch(_step),
            First = _plan.FirstPosition(_step),
            Count = _plan.EffectiveBatch,
            Hash = hash,
            Loss = outcome.Loss,
            LearningRate = schedule.LearningRate,
            Work = [.. outcome.Done.Select(w => new LedgerWork(w.Worker, [.. w.Leaves.Select(l => l.ToString())]))],
            Lost = [.. outcome.Lost.Select(w => new LedgerLoss(w.Worker, [.. w.Leaves.Select(l => l.ToString())], w.Why))],
            Seconds = _meters.StepSeconds,
            Time = DateTimeOffset.UtcNow,
        };
        if (_step < _ledger!.Entries.Count)
            Check(entry, _ledger.Entries[checked((int)_step)]);
        else
            await Record(entry);
        _hash = hash;
        _step++;
        var values = _meters.Values();
        _metrics!.Add(_step - 1, hash, values);
        if (_metrics.IsDue)
            await Storing(_metrics.Flush);
        _journal.Add("step", _step - 1, "", null, values);
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

    /// <summary>Writes the ledger; a storage that does not take it holds the run until it does.</summary>
    private Task Record(LedgerEntry entry) => Storing(() => _ledger!.Append(entry));

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
        Tell("waiting", _message);

        // A run that was asked to stop gives the step up; a resumed run computes it again.
        if (_stopping)
            await _stop.CancelAsync();
        await _roster.WaitForWorker(_stop.Token);
        Enter(phase, "");
    }

    private async Task KeepIdentity(RunShape shape)
    {
        if (_record.DataFingerprint.Length > 0 && _record.DataFingerprint != shape.DataFingerprint)
            throw new UserErrorException($"The images in {_record.DataPath} have fingerprint {shape.DataFingerprint}, the run was begun with {_record.DataFingerprint}; bring the same images back.");
        if (_record.DataFingerprint.Length > 0)
            return;
        _record = _record with { DataFingerprint = shape.DataFingerprint, Samples = shape.Samples, NumericsClass = _roster.NumericsClass ?? "" };
        await Storing(() => _record.Save(_storage, _run));
    }

    private void Enter(RunPhase phase, string message) => (_phase, _message) = (phase, message);

    private void Tell(string kind, string text, string? worker = null)
    {
        _journal.Add(kind, _step, text, worker);
        RunInstruments.Happened(_run, kind);
    }
}
