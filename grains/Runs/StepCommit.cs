using System.Diagnostics;
using System.Text.Json;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Steps;
using SslOrleans.Learning.Optim;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Runs;

/// <summary>Commits steps: applies, records, announces, in this order.</summary>
internal sealed class StepCommit(RunContext run, RunFiles files, ImageNews images)
{
    private readonly CollapseWatch _collapse = new();
    private readonly RankWatch _rank = new(RankWatch.SmoothSteps);

    private RunProgress Progress => run.Progress;

    /// <summary>Which slice has its warm copy where, in words; empty while none has one.</summary>
    public string Copies { get; private set; } = "";

    /// <param name="prepared">The run.</param>
    /// <param name="outcome">The computed step, whose sums the slices have.</param>
    /// <param name="started">When its computation began.</param>
    /// <exception cref="UserErrorException">The loss or the gradient is not finite: nothing was applied.</exception>
    public async Task Commit(PreparedRun prepared, StepOutcome outcome, long started)
    {
        if (!float.IsFinite(outcome.Loss))
            throw await InfiniteLoss(prepared, outcome);
        images.RefuseTooMany(outcome.Replaced, prepared.Plan.Samples);
        var computed = Stopwatch.GetTimestamp();

        // Asked before any slice applies: a loss may be finite where its gradient is not, and from here on every warm copy has the sum.
        var measured = await prepared.Slices.Measure(Progress.Step);
        TellCopies(measured);
        TellTroubles(measured.Select(m => m.Trouble));
        var norm = Math.Sqrt(measured.Sum(s => s.GradientSquares));
        if (!double.IsFinite(norm))
            throw await NotFinite(prepared, outcome, $"the gradient's norm is {norm} at loss {outcome.Loss}", "Start a new run with a lower optimizer.learningRate");
        var schedule = prepared.Plan.Schedule(Progress.Step);
        var clip = run.Recipe.Optimizer.ClipGradientNorm > 0 ? Clipping.Factor(run.Recipe.Optimizer, norm) : 1.0;
        var entry = Entry(prepared.Plan, outcome, schedule, Stopwatch.GetElapsedTime(started).TotalSeconds);
        var intent = new StepIntent(schedule, clip, outcome.Advance, JsonSerializer.Serialize(entry, RecipeReader.SerializerOptions));
        await prepared.Slices.Intend(intent);
        var (slices, hash) = await prepared.Slices.Apply(intent);
        run.Meters.Committed(outcome, schedule, slices, Stopwatch.GetElapsedTime(started).TotalSeconds, Stopwatch.GetElapsedTime(computed).TotalSeconds, run.Roster.Live.Count());
        images.TellReplaced(outcome.Replaced);
        await Record(entry with { Hash = hash, Seconds = run.Meters.StepSeconds }, run.Meters.Values());
        if (_collapse.Look(outcome.Reported, norm) is { } warning)
            Progress.Tell(RunEventKind.Warning, warning);
        if (outcome.Reported.TryGetValue(RankWatch.OfSteps, out var rank) && _rank.Look(rank, outcome.Loss) is { } lost)
            Progress.Tell(RunEventKind.Warning, lost);
    }

    /// <summary>Commits a step that a leader before this one was about to commit.</summary>
    public async Task Conclude(PreparedRun prepared, StepIntent intent)
    {
        var (_, hash) = await prepared.Slices.Apply(intent);
        var entry = JsonSerializer.Deserialize<LedgerEntry>(intent.Entry, RecipeReader.SerializerOptions)! with { Hash = hash };
        await Record(entry, new() { ["loss"] = entry.Loss, ["learningRate"] = entry.LearningRate });
    }

    /// <summary>Says what slices and copies found wrong with their memory.</summary>
    public void TellTroubles(IEnumerable<string> troubles)
    {
        foreach (var trouble in troubles.Where(t => t.Length > 0))
            Progress.Tell(RunEventKind.Warning, trouble);
    }

    private static LedgerEntry Entry(RunPlan plan, StepOutcome outcome, StepSchedule schedule, double seconds) => new()
    {
        Step = schedule.Step,
        Epoch = plan.Epoch(schedule.Step),
        First = plan.FirstPosition(schedule.Step),
        Count = plan.EffectiveBatch,
        Loss = outcome.Loss,
        LearningRate = schedule.LearningRate,
        Work = [.. outcome.Done.Select(w => new LedgerWork(w.Worker, [.. w.Leaves.Select(l => l.ToString())]))],
        Lost = [.. outcome.Lost.Select(w => new LedgerLoss(w.Worker, [.. w.Leaves.Select(l => l.ToString())], w.Why))],
        Replaced = outcome.Replaced.Count > 0 ? outcome.Replaced : null,
        Verified = outcome.Verified.Count > 0 ? outcome.Verified : null,
        Differed = outcome.Differed.Count > 0 ? outcome.Differed : null,
        Seconds = seconds,
        Time = DateTimeOffset.UtcNow,
    };

    /// <summary>Writes the ledger, or checks against it where the step is there; then the step is over.</summary>
    private async Task Record(LedgerEntry entry, Dictionary<string, double> values)
    {
        if (entry.Step < files.Ledger.Entries.Count)
            Check(entry, files.Ledger.Entries[checked((int)entry.Step)]);
        else
            await run.Store(() => files.Ledger.Append(entry));
        Progress.At(entry.Step + 1, entry.Hash);
        files.Metrics.Add(entry.Step, entry.Hash, values);
        if (files.Metrics.IsDue)
            await run.Store(files.Metrics.Flush);
        Progress.TellStep(entry.Step, values);
        RunInstruments.Committed(run.Run, run.Recipe.Method, entry);
    }

    private static void Check(LedgerEntry now, LedgerEntry then)
    {
        if (now.Hash != then.Hash)
        {
            throw new UserErrorException(
                $"Step {now.Step} gave weights {now.Hash} when it was computed again, but the ledger has {then.Hash}: the data, the libraries or the machine differ from those of the run; bring back what changed.");
        }
    }

    private Task<UserErrorException> InfiniteLoss(PreparedRun prepared, StepOutcome outcome)
    {
        var (term, value) = outcome.Reported.Where(r => !float.IsFinite(r.Value) && r.Key is not (CollapseWatch.Spread or CollapseWatch.OverChance))
            .Select(r => (r.Key, r.Value)).FirstOrDefault(("loss", outcome.Loss));
        return NotFinite(prepared, outcome, $"{term} is {value}", "Start a new run with a lower optimizer.learningRate, or with optimizer.clipGradientNorm");
    }

    /// <summary>What ends the run; what the step was given and made is kept first.</summary>
    private async Task<UserErrorException> NotFinite(PreparedRun prepared, StepOutcome outcome, string what, string mend)
    {
        var capture = await FailedStep.Keep(run, prepared, outcome, what);
        return new UserErrorException($"Step {Progress.Step}: {what}; weights stay at the step before, checkpoint {files.Checkpoints.Last} is good. {mend}; a resumed one keeps its recipe.{capture}");
    }

    private void TellCopies(IReadOnlyList<SliceCommit> slices)
    {
        var copies = string.Join(", ", slices.Select((s, i) => s.CopyOn.Length > 0 ? $"{i} on {s.CopyOn}" : "").Where(c => c.Length > 0));
        if (copies == Copies)
            return;
        Copies = copies;
        Progress.Tell(RunEventKind.Message, copies.Length > 0 ? $"warm copies of slices: {copies}" : "no slice has a warm copy");
    }
}
