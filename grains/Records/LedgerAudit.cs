using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Records;

/// <summary>What an audit of the ledger found.</summary>
/// <param name="Steps">Steps in the ledger.</param>
/// <param name="Positions">Sample positions that were used once and only once.</param>
/// <param name="Lost">Positions before the end of the ledger that were never used.</param>
/// <param name="Twice">Positions that were used more than once.</param>
/// <param name="Epochs">The same by epoch.</param>
/// <param name="WastedMicroBatches">Micro-batches that were computed, or begun, in vain; none of them is in the weights.</param>
/// <param name="Problem">The first thing that is wrong; null when all is right.</param>
public sealed record LedgerAudit(
    long Steps,
    long Positions,
    long Lost,
    long Twice,
    IReadOnlyList<EpochAudit> Epochs,
    long WastedMicroBatches,
    string? Problem)
{
    /// <summary>Positions at which another image than their own was used, because that one does not decode.</summary>
    public IReadOnlyList<ReplacedSample> Replaced { get; init; } = [];

    /// <summary>Every position, and in every step every micro-batch, was used once and only once.</summary>
    public bool IsExact => Problem is null;

    /// <summary>One line for people.</summary>
    public string Verdict => Problem is null
        ? $"{Steps} steps: {Positions} sample positions used once each, 0 lost, 0 twice ({WastedMicroBatches} micro-batches computed in vain{(Replaced.Count > 0 ? $"; at {Replaced.Count} of them another image stood in for one that does not decode" : "")})"
        : $"{Steps} steps: {Lost} sample positions lost, {Twice} used twice; {Problem}";
}

/// <summary>
/// Use of one epoch's sample positions. The order of an epoch is a permutation, so a position stands for a sample, unless its image does
/// not decode (<see cref="LedgerAudit.Replaced"/>).
/// </summary>
/// <param name="Epoch">From 0.</param>
/// <param name="Used">Positions that were used.</param>
/// <param name="Lost">Positions before the end of the ledger that were not.</param>
/// <param name="Twice">Positions that were used more than once.</param>
/// <param name="IsComplete">The ledger reaches the epoch's end.</param>
public sealed record EpochAudit(long Epoch, long Used, long Lost, long Twice, bool IsComplete);
