using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Grains.State;

/// <summary>First-in-first-out queues of keys; workers keep a replica and get only what was pushed since.</summary>
[OnParameterSilo]
[Reentrant]
public sealed class NegativeQueueGrain(IRunStorage storage) : VersionedStateGrain(storage), INegativeQueueGrain;

/// <summary>Centre, prototypes, memory bank, assignments.</summary>
[OnParameterSilo]
[Reentrant]
public sealed class MethodStateGrain(IRunStorage storage) : VersionedStateGrain(storage), IMethodStateGrain;

/// <summary>Values that advance once per step, and the last few advances for replicas that are a little behind.</summary>
public abstract class VersionedStateGrain(IRunStorage storage) : Grain, IVersionedStateGrain
{
    private const int Remembered = 8;

    private readonly Queue<StateStep> _recent = new();
    private StateStore? _store;

    private StateStore Store => _store
        ?? throw new StateLostException($"The method state of {this.GetPrimaryKeyString()} is empty; it is restored from the last checkpoint.");

    public Task Create(StateValue[] initial, int[] kinds) => Begin(StateBlocks.Store(initial, kinds, 0));

    public async Task Restore(StateValue[] initial, int[] kinds, long version)
    {
        var store = StateBlocks.Store(initial, kinds, version);
        var reader = await CheckpointReader.Open(storage, this.GetPrimaryKeyString(), version);
        store.Restore(version, reader.MethodState(store.Names));
        await Begin(store);
    }

    public Task Advance(StateStep step)
    {
        if (Store.Advance(step.Step, StateBlocks.Update(step.Changes)))
        {
            _recent.Enqueue(step);
            if (_recent.Count > Remembered)
                _recent.Dequeue();
        }

        return Task.CompletedTask;
    }

    public Task<StateCatchUp> Since(long have, long want)
    {
        if (Store.Version != want)
            throw new OutdatedException($"The method state of {this.GetPrimaryKeyString()} is at version {Store.Version}; version {want} is over.");
        var steps = _recent.Where(s => s.Step >= have).ToArray();
        return Task.FromResult(have >= 0 && steps.Length == want - have
            ? new StateCatchUp(want, steps, [])
            : new StateCatchUp(want, [], StateBlocks.Values(Store)));
    }

    public Task<StateValue[]> Snapshot(long version)
        => Store.Version == version
            ? Task.FromResult(StateBlocks.Values(Store))
            : throw new OutdatedException($"The method state of {this.GetPrimaryKeyString()} is at version {Store.Version}, not {version}.");

    private Task Begin(StateStore store)
    {
        _store = store;
        _recent.Clear();
        DelayDeactivation(TimeSpan.FromDays(365));
        return Task.CompletedTask;
    }
}
