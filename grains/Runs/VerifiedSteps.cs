using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Steps;

namespace SslOrleans.Grains.Runs;

/// <summary>Computes steps. One is computed until all that was drawn of it has been computed twice with the same bits (<c>workers.verify</c>).</summary>
internal sealed class VerifiedSteps
{
    private readonly RunContext _run;
    private bool _sumsAreSuspect;
    private bool _toldAlone;

    public VerifiedSteps(RunContext run, Ledger ledger)
    {
        _run = run;

        // Under a leader before this one they were found to compute wrongly.
        foreach (var worker in ledger.Entries.SelectMany(e => e.Differed ?? []))
            run.Roster.Differed(worker.Life, "");
    }

    private IBatchMeetingGrain? Meetings => _run.Recipe.Backbone.BatchNorm == "sync" ? _run.Services.Grains.GetGrain<IBatchMeetingGrain>(_run.Run) : null;

    /// <summary>What another leader, or a try that was given up, had sent to the slices must not count unseen.</summary>
    public void SuspectSums() => _sumsAreSuspect = true;

    /// <summary>Computes the next step up to its complete gradient, which the slices have then.</summary>
    public async Task<StepOutcome> Compute(PreparedRun prepared)
    {
        var (step, roster) = (_run.Progress.Step, _run.Roster);
        var (lost, differed) = (new List<Work>(), new List<LedgerDifference>());
        while (true)
        {
            // A name, which decides no bit.
            var attempt = Random.Shared.NextInt64();
            if (_sumsAreSuspect && _run.Recipe.Workers.Verify > 0)
                await prepared.Slices.Discard(step, attempt);
            _sumsAreSuspect = false;
            if (!roster.Live.Any())
                await _run.WaitForWorker();
            var outcome = await new StepRunner(_run.Brief, roster.Shape, _run.Recipe, step, attempt, roster, Meetings, _run.WaitForWorker).Run(_run.GivenUp);
            var drawn = prepared.Plan.Drawn(step);
            var found = drawn.MicroBatches.Count > 0 || drawn.Coupling
                ? await new StepVerification(_run.Brief, step, attempt, roster, prepared.Slices, _run.WaitForWorker).Check(outcome, drawn)
                : new VerificationResult([], [], false);
            TellAlone(found);
            if (found.Differed.Count == 0)
                return outcome with { Coupling = null, Lost = [.. lost, .. outcome.Lost], Verified = found.Verified, Differed = differed };
            foreach (var life in found.Differed.GroupBy(d => d.Life))
                Refuse(life.Key, life.First().Worker, string.Join(", ", life.Select(d => LedgerVerification.Name(d.Part))));
            differed.AddRange(found.Differed);
            lost.AddRange([.. outcome.Lost, .. outcome.Done.Select(w => w with { Why = "discarded" })]);
            _sumsAreSuspect = true;
        }
    }

    private void Refuse(string life, string worker, string parts)
    {
        var step = _run.Progress.Step;
        _run.Progress.Tell(RunEventKind.Warning, $"{worker} has other bits than others for {parts}: its processor or memory is faulty; step {step} is computed again without it", worker);
        _run.Roster.Differed(life, $"at step {step} it had other bits for {parts}, which were computed again to compare; look at its processor and memory");
    }

    private void TellAlone(VerificationResult found)
    {
        if (found.Verified.Count == 0 || found.Alone == _toldAlone)
            return;
        _toldAlone = found.Alone;
        _run.Progress.Tell(RunEventKind.Message, found.Alone
            ? "workers.verify: no second worker is here, so drawn micro-batches are computed twice by the same one; that finds a fault that passes, not one that stays"
            : "workers.verify: drawn micro-batches are compared between two workers");
    }
}
