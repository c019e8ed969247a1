using System.Text.Json;
using Orleans;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Runs;

/// <summary>How a run begins, and how it goes on after a loss.</summary>
internal sealed partial class RunLeader
{
    /// <summary>How often the run may go on from where its slices stand without a commit between, before a checkpoint is restored.</summary>
    private const int MostStands = 5;

    private (long Step, int Count) _stood = (-1, 0);

    /// <summary>All that the run must know before its first step.</summary>
    private async Task Prepare()
    {
        Enter(RunPhase.Recovering, "");
        await WaitForWorker();
        var shape = _roster.Shape;
        await KeepIdentity(shape);
        foreach (var note in shape.Notes.Where(_noted.Add))
            Tell("warning", note);
        _plan = new RunPlan(_recipe, shape.Samples);
        _slices = new SliceSet(_grains, _payloads, _run, _brief.Recipe, shape, _recipe.Workers.Slices);
        _evaluations = new RunEvaluations(_grains, _brief, _recipe, _plan, shape, _roster, _meters, _metrics!, (kind, step, text, values) => _journal.Add(kind, step, text, null, values));
    }

    /// <summary>
    /// Goes on from where slices, teachers and method state stand, because warm copies have taken the places of those that were lost:
    /// no step is computed again. A step that was about to be committed is concluded.
    /// </summary>
    /// <returns>False when only a checkpoint helps.</returns>
    private async Task<bool> GoOnStanding()
    {
        var stand = await _slices!.Stand();
        TellTroubles(stand.Slices.Select(s => s.Trouble));
        var from = stand.Decide(_ledger!.Entries);
        _stood = (from.Step, from.Step == _stood.Step ? _stood.Count + 1 : 1);
        if (from.Step < 0 || _stood.Count > MostStands)
            return false;
        if (from.Conclude is { } intent)
        {
            var (_, hash) = await _slices.Apply(intent);
            var entry = JsonSerializer.Deserialize<LedgerEntry>(intent.Entry, RecipeReader.SerializerOptions)! with { Hash = hash };
            await Record(entry, new() { ["loss"] = entry.Loss, ["learningRate"] = entry.LearningRate });
        }
        else
        {
            (_step, _hash) = (from.Step, _ledger.Entries[checked((int)from.Step) - 1].Hash);
        }

        if (_checkpoints!.Last < 0)
            await Storing(() => _checkpoints.Newest(_ledger.Entries.Count));
        Tell("recovered", $"goes on from version {_step}, where everything stands; no step is computed again");
        return true;
    }

    /// <summary>Puts every slice at the newest checkpoint, or at the beginning.</summary>
    private async Task Restore()
    {
        await _checkpoints!.Settle();
        CheckpointManifest? found = null;
        await Storing(async () => found = await _checkpoints.Newest(_ledger!.Entries.Count));
        if (found is { } newest)
        {
            await Storing(() => _slices!.Restore(newest.Step));
            (_step, _hash) = (newest.Step, newest.WeightsHash);
            if (_step > 0 || _ledger!.Entries.Count > 0)
            {
                var again = _ledger!.Entries.Count - _step;
                _journal.Add("recovered", _step, $"restored checkpoint {_step}; {again} committed steps are computed again", null, new() { ["computedAgain"] = again });
                RunInstruments.Happened(_run, "recovered");
            }
        }
        else
        {
            if (_ledger!.Entries.Count > 0)
                Tell("message", "no usable checkpoint is left; the run is computed again from its initial weights");
            await LoadInitial();
            _step = 0;
            await _checkpoints.Write(await _slices!.Snapshot(0, ""), wait: true, _stop.Token);
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
                foreach (var note in shape.Notes.Where(_noted.Add))
                    Tell("message", note);
                return;
            }
            catch (Exception e) when (e is not (UserErrorException { Reason: not RefusalReason.Worker } or StateLostException))
            {
                _roster.Lost(worker, e);
            }
        }
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

    /// <summary>Whether the run should be training is kept with it: should this silo die, the one that the run wakes up on knows what to do.</summary>
    private async Task Remember(bool training)
    {
        if (_record.Training == training)
            return;

        // Known here only once it is kept: a storage that does not take it is asked again.
        var record = _record with { Training = training };
        await record.Save(_storage, _run);
        _record = record;
    }

    /// <summary>Says which slices have a warm copy when that has changed.</summary>
    private void TellCopies(IReadOnlyList<SliceCommit> slices)
    {
        var copies = string.Join(", ", slices.Select((s, i) => s.CopyOn.Length > 0 ? $"{i} on {s.CopyOn}" : "").Where(c => c.Length > 0));
        if (copies == _copies)
            return;
        _copies = copies;
        Tell("message", copies.Length > 0 ? $"warm copies of slices: {copies}" : "no slice has a warm copy");
    }
}
