using Orleans.Concurrency;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Contracts.Grains;

/// <summary>What the two grains of method state have in common: versioned values that advance once per step.</summary>
public interface IVersionedStateGrain : IGrainWithStringKey
{
    Task Create(StateValue[] initial);

    [ResponseTimeout("00:10:00")]
    Task Restore(StateValue[] initial, long version);

    /// <summary>Advances to <c>step.Step + 1</c>; a repeated advance changes nothing.</summary>
    Task Advance(StateStep step);

    /// <summary>What brings a replica from <paramref name="have"/> to <paramref name="want"/>; −1 asks for everything.</summary>
    [AlwaysInterleave]
    Task<StateCatchUp> Since(long have, long want);

    Task<StateValue[]> Snapshot(long version);

    /// <summary>Its version; −1 when it holds nothing.</summary>
    Task<long> Stand();
}

/// <summary>First-in-first-out queues of keys (MoCo, NNCLR, MSF). Key: the run's name.</summary>
[Alias("SslOrleans.INegativeQueueGrain")]
public interface INegativeQueueGrain : IVersionedStateGrain
{
    /// <summary>What it holds, for people. Not of <see cref="IVersionedStateGrain"/>: Orleans' dashboard looks at an interface's own methods.</summary>
    [AlwaysInterleave]
    Task<MethodStateFacts> GetState();
}

/// <summary>Centre, prototypes, memory bank, assignments. Key: the run's name.</summary>
[Alias("SslOrleans.IMethodStateGrain")]
public interface IMethodStateGrain : IVersionedStateGrain
{
    /// <summary>What it holds, for people.</summary>
    [AlwaysInterleave]
    Task<MethodStateFacts> GetState();
}
