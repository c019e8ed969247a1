using Orleans;

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

/// <summary>A named state of a method at a glance.</summary>
/// <param name="Name">As the method calls it.</param>
/// <param name="Kind">queue, value or bank.</param>
/// <param name="Shape">Rows first.</param>
/// <param name="Version">Steps that it has seen.</param>
/// <param name="Pushed">Rows that were ever pushed into a queue.</param>
/// <param name="Filled">Rows that hold something pushed.</param>
/// <param name="OldestAge">Steps since the oldest row of a queue was pushed; −1 while unknown.</param>
/// <param name="Norm">Euclidean norm of all values.</param>
[GenerateSerializer]
[Alias("SslOrleans.StateDescription")]
public sealed record StateDescription(
    [property: Id(0)] string Name,
    [property: Id(1)] string Kind,
    [property: Id(2)] long[] Shape,
    [property: Id(3)] long Version,
    [property: Id(4)] long Pushed,
    [property: Id(5)] long Filled,
    [property: Id(6)] long OldestAge,
    [property: Id(7)] double Norm);

/// <summary>Calls of one method of one grain class on one silo, since the silo began.</summary>
/// <param name="Grain">Name of the grain class.</param>
/// <param name="Method">Name of the method.</param>
/// <param name="Calls">Calls that are over.</param>
/// <param name="Failures">Those of them that threw.</param>
/// <param name="Seconds">Their whole duration.</param>
/// <param name="MaximumSeconds">The longest since this was last asked.</param>
[GenerateSerializer]
[Alias("SslOrleans.CallMeter")]
public sealed record CallMeter(
    [property: Id(0)] string Grain,
    [property: Id(1)] string Method,
    [property: Id(2)] long Calls,
    [property: Id(3)] long Failures,
    [property: Id(4)] double Seconds,
    [property: Id(5)] double MaximumSeconds);

/// <summary>A silo's process and its calls.</summary>
/// <param name="Silo">Name.</param>
/// <param name="ProcessId">On its machine.</param>
/// <param name="UptimeSeconds">Since the process began; also the clock of the counters.</param>
/// <param name="ProcessorSeconds">Used by the process.</param>
/// <param name="WorkingSet">Bytes.</param>
/// <param name="ManagedHeap">Bytes.</param>
/// <param name="Calls">By class and method.</param>
[GenerateSerializer]
[Alias("SslOrleans.SiloMeters")]
public sealed record SiloMeters(
    [property: Id(0)] string Silo,
    [property: Id(1)] int ProcessId,
    [property: Id(2)] double UptimeSeconds,
    [property: Id(3)] double ProcessorSeconds,
    [property: Id(4)] long WorkingSet,
    [property: Id(5)] long ManagedHeap,
    [property: Id(6)] CallMeter[] Calls);
