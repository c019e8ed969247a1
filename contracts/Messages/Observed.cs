
namespace SslOrleans.Contracts.Messages;

/// <summary>What became of a lease.</summary>
public enum LeaseOutcome
{
    /// <summary>The worker has it.</summary>
    Open,

    /// <summary>Its result went into the step.</summary>
    Done,

    /// <summary>Somebody else was earlier; its result was not needed.</summary>
    NotNeeded,

    /// <summary>The worker failed, was killed or left.</summary>
    Lost,
}

/// <summary>Who had which micro-batches when.</summary>
/// <param name="Id">From 1, in order of begin, within a life of the run grain.</param>
/// <param name="Change">Grows with every change of any lease; asking after a change gives what has changed since.</param>
/// <param name="Step">Step that it belongs to.</param>
/// <param name="Worker">silo/device.</param>
/// <param name="MicroBatches">As in <c>0-3</c> or <c>4</c>.</param>
/// <param name="Second">True when another worker had the same micro-batches already and was late.</param>
/// <param name="Begin">When it was leased.</param>
/// <param name="Encoded">End of the forward passes of a coupled method; null while they last and for methods without coupling.</param>
/// <param name="Resumed">Begin of the backward passes of a coupled method.</param>
/// <param name="End">When it was over.</param>
/// <param name="Outcome">What became of it.</param>
[GenerateSerializer]
[Alias("SslOrleans.LeaseSpan")]
public sealed record LeaseSpan(
    [property: Id(0)] long Id,
    [property: Id(1)] long Change,
    [property: Id(2)] long Step,
    [property: Id(3)] string Worker,
    [property: Id(4)] string[] MicroBatches,
    [property: Id(5)] bool Second,
    [property: Id(6)] DateTimeOffset Begin,
    [property: Id(7)] DateTimeOffset? Encoded,
    [property: Id(8)] DateTimeOffset? Resumed,
    [property: Id(9)] DateTimeOffset? End,
    [property: Id(10)] LeaseOutcome Outcome);

/// <summary>Leases that changed.</summary>
/// <param name="Now">The run grain's clock; it never goes back.</param>
/// <param name="Change">The last change; ask after it next time.</param>
/// <param name="Spans">In order of begin.</param>
[GenerateSerializer]
[Alias("SslOrleans.RunLeases")]
public sealed record RunLeases(
    [property: Id(0)] DateTimeOffset Now,
    [property: Id(1)] long Change,
    [property: Id(2)] LeaseSpan[] Spans);

/// <summary>A silo's process.</summary>
/// <param name="Silo">Name.</param>
/// <param name="ProcessId">On its machine.</param>
/// <param name="UptimeSeconds">Since the process began; also the clock of the processor time.</param>
/// <param name="ProcessorSeconds">Used by the process.</param>
/// <param name="WorkingSet">Bytes, tensors included.</param>
/// <param name="ManagedHeap">Bytes.</param>
[GenerateSerializer]
[Alias("SslOrleans.SiloMeters")]
public sealed record SiloMeters(
    [property: Id(0)] string Silo,
    [property: Id(1)] int ProcessId,
    [property: Id(2)] double UptimeSeconds,
    [property: Id(3)] double ProcessorSeconds,
    [property: Id(4)] long WorkingSet,
    [property: Id(5)] long ManagedHeap);
