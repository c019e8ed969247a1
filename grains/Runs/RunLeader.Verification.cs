using SslOrleans.Grains.Records;

namespace SslOrleans.Grains.Runs;

/// <summary>A step is computed until all that was drawn has been computed twice with the same bits.</summary>
internal sealed partial class RunLeader
{
    /// <summary>What another leader, or a try that was given up, had sent to the slices must not count unseen.</summary>
    private bool _sumsAreSuspect;
    private bool _toldAlone;

    private async Task<StepOutcome> Compute()
    {
        var (lost, differed) = (new List<Work>(), new List<LedgerDifference>());
        while (true)
        {
            // A name, which decides no bit.
            var attempt = Random.Shared.NextInt64();
            if (_sumsAreSuspect && _recipe.Workers.Verify > 0)
                await _slices!.Discard(_step, attempt);
            _sumsAreSuspect = false;
            if (!_roster.Live.Any())
                await WaitForWorker();
            var outcome = await new StepRunner(_brief, _roster.Shape, _recipe, _step, attempt, _roster, Meetings, WaitForWorker).Run(_stop.Token);
            var drawn = _plan!.Drawn(_step);
            var found = drawn.MicroBatches.Count > 0 || drawn.Coupling
                ? await new StepVerification(_brief, _step, attempt, _roster, _slices!, WaitForWorker).Check(outcome, drawn)
                : new VerificationResult([], [], false);
            TellAlone(found);
            if (found.Differed.Count == 0)
                return outcome with { Results = [], Coupling = null, Lost = [.. lost, .. outcome.Lost], Verified = found.Verified, Differed = differed };
            foreach (var life in found.Differed.GroupBy(d => d.Life))
            {
                var (first, parts) = (life.First(), string.Join(", ", life.Select(d => LedgerVerification.Name(d.Part))));
                Tell("warning", $"{first.Worker} has other bits than others for {parts}: its processor or memory is faulty; step {_step} is computed again without it", first.Worker);
                _roster.Differed(life.Key, $"at step {_step} it had other bits for {parts}, which were computed again to compare; look at its processor and memory");
            }

            differed.AddRange(found.Differed);
            lost.AddRange([.. outcome.Lost, .. outcome.Done.Select(w => w with { Why = "discarded" })]);
            _sumsAreSuspect = true;
        }
    }

    /// <summary>The ledger knows who was found to compute wrongly under a leader before this one.</summary>
    private void RefuseThoseWhoDiffered()
    {
        foreach (var worker in _ledger!.Entries.SelectMany(e => e.Differed ?? []))
            _roster.Differed(worker.Life, "");
    }

    private void TellTroubles(IEnumerable<string> troubles)
    {
        foreach (var trouble in troubles.Where(t => t.Length > 0))
            Tell("warning", trouble);
    }

    private void TellAlone(VerificationResult found)
    {
        if (found.Verified.Count == 0 || found.Alone == _toldAlone)
            return;
        _toldAlone = found.Alone;
        Tell("message", found.Alone
            ? "workers.verify: no second worker is here, so drawn micro-batches are computed twice by the same one; that finds a fault that passes, not one that stays"
            : "workers.verify: drawn micro-batches are compared between two workers");
    }
}
