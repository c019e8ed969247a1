using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;

namespace SslOrleans.Grains.Steps;

/// <summary>Credit for micro-batches, or their loss with a worker.</summary>
internal sealed record Work(string Worker, MicroBatchRange[] Leaves, string Why = "");

/// <summary>What a step gave before it is committed.</summary>
internal sealed record StepOutcome(
    float Loss, IReadOnlyDictionary<string, float> Reported, StateChangeBlock[] Advance, IReadOnlyList<Work> Done, IReadOnlyList<Work> Lost,
    IReadOnlyList<ReplacedSample> Replaced, StepTimes Times)
{
    /// <summary>What each micro-batch gave, and the life of the worker whose answer it is.</summary>
    public IReadOnlyList<(MicroBatchResult Result, string Life)> Results { get; init; } = [];

    /// <summary>The loss on the whole effective batch and the state's advance; null where the method has neither.</summary>
    public Coupling? Coupling { get; init; }

    /// <summary>What was computed twice with the same bits.</summary>
    public IReadOnlyList<LedgerVerification> Verified { get; init; } = [];

    /// <summary>Who had other bits in earlier tries at the step.</summary>
    public IReadOnlyList<LedgerDifference> Differed { get; init; } = [];
}

/// <summary>What one worker was asked for the whole effective batch, and what it answered.</summary>
internal sealed record Coupling(CoupleOrder Order, CoupleResult Result, string Life);
