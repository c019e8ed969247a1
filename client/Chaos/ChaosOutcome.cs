using SslOrleans.Grains.Records;

namespace SslOrleans.Client.Chaos;

/// <summary>An event that took place.</summary>
/// <param name="Step">Step that was being computed.</param>
/// <param name="Action">What happened.</param>
/// <param name="Target">To what kind of process.</param>
/// <param name="Name">To which one.</param>
/// <param name="RecoverySeconds">To the next committed step; null when none followed.</param>
/// <param name="Detail">How long, and between whom; empty where there is nothing to add.</param>
public sealed record ChaosHappening(long Step, ChaosAction Action, ChaosTarget Target, string Name, double? RecoverySeconds, string Detail = "");

/// <summary>How a run ended.</summary>
/// <param name="Hash">Weights of the last commit.</param>
/// <param name="Hashes">Weights of every commit.</param>
/// <param name="Happenings">What was done to it.</param>
/// <param name="Missed">Planned events for which nobody was there, or that came after the last step.</param>
/// <param name="LostMicroBatches">Leased and not used.</param>
/// <param name="RolledBack">Committed steps that were computed again from a checkpoint.</param>
/// <param name="Seconds">From start to end.</param>
/// <param name="MedianStepSeconds">Between commits.</param>
/// <param name="Audit">Every position once.</param>
public sealed record ChaosOutcome(
    string Hash,
    IReadOnlyList<string> Hashes,
    IReadOnlyList<ChaosHappening> Happenings,
    int Missed,
    int LostMicroBatches,
    long RolledBack,
    double Seconds,
    double MedianStepSeconds,
    LedgerAudit Audit);
