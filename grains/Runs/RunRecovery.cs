using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts;
using SslOrleans.Grains.Records;

namespace SslOrleans.Grains.Runs;

/// <summary>How a run begins, and how it goes on after a loss.</summary>
internal sealed class RunRecovery(RunContext run, RunFiles files, ImageNews images, StepCommit commits)
{
    /// <summary>How often the run may go on from where its slices stand without a commit between, before a checkpoint is restored.</summary>
    private const int MostStands = 5;

    private (long Step, int Count) _stood = (-1, 0);

    private RunProgress Progress => run.Progress;

    /// <summary>
    /// Goes on from where slices, teachers and method state stand, because warm copies have taken the places of those that were lost:
    /// no step is computed again. A step that was about to be committed is concluded.
    /// </summary>
    /// <returns>False when only a checkpoint helps.</returns>
    public async Task<bool> GoOnStanding(PreparedRun prepared)
    {
        var (ledger, checkpoints) = (files.Ledger, files.Checkpoints);
        var stand = await prepared.Slices.Stand();
        commits.TellTroubles(stand.Slices.Select(s => s.Trouble));
        var from = stand.Decide(ledger.Entries);
        _stood = (from.Step, from.Step == _stood.Step ? _stood.Count + 1 : 1);
        if (from.Step < 0 || _stood.Count > MostStands)
            return false;
        if (from.Conclude is { } intent)
            await commits.Conclude(prepared, intent);
        else
            Progress.At(from.Step, ledger.Entries[checked((int)from.Step) - 1].Hash);
        if (checkpoints.Last < 0)
            await run.Store(() => checkpoints.Newest(ledger.Entries.Count));
        Progress.Tell(RunEventKind.Recovered, $"goes on from version {Progress.Step}, where everything stands; no step is computed again");
        return true;
    }

    /// <summary>Puts every slice at the newest checkpoint, or at the beginning.</summary>
    public async Task Restore(PreparedRun prepared)
    {
        var (ledger, checkpoints) = (files.Ledger, files.Checkpoints);
        await checkpoints.Settle();
        CheckpointManifest? found = null;
        await run.Store(async () => found = await checkpoints.Newest(ledger.Entries.Count));
        if (found is { } newest)
        {
            await run.Store(() => prepared.Slices.Restore(newest.Step));
            Progress.At(newest.Step, newest.WeightsHash);
            if (newest.Step > 0 || ledger.Entries.Count > 0)
            {
                var again = ledger.Entries.Count - newest.Step;
                Progress.Tell(RunEventKind.Recovered, $"restored checkpoint {newest.Step}; {again} committed steps are computed again", values: new() { ["computedAgain"] = again });
            }

            return;
        }

        if (ledger.Entries.Count > 0)
            Progress.Tell(RunEventKind.Message, "no usable checkpoint is left; the run is computed again from its initial weights");
        await LoadInitial(prepared);
        Progress.At(0, Progress.Hash);
        await checkpoints.Write(await prepared.Slices.Snapshot(0, ""), wait: true, run.GivenUp);
    }

    private async Task LoadInitial(PreparedRun prepared)
    {
        while (true)
        {
            await run.WaitForWorker();
            var worker = run.Roster.Live.First();
            try
            {
                var shape = await worker.Ask(w => w.Prepare(run.Brief, load: true));
                await prepared.Slices.CreateState(shape.InitialState);
                images.TellStart(shape.Notes);
                return;
            }
            catch (Exception e) when (e is not (UserErrorException { Reason: not RefusalReason.Worker } or StateLostException))
            {
                run.Roster.Lost(worker, e);
            }
        }
    }
}
