using Orleans.Concurrency;
using Orleans.Placement;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Meters;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.State;

/// <summary>First-in-first-out queues of keys; workers keep a replica and get only what was pushed since.</summary>
[OnBestParameterSilo]
[Reentrant]
[KeepAlive]
[Immovable]
public sealed class NegativeQueueGrain(IRunStorage storage, ParameterSilos silos, ILocalSiloDetails self, PayloadStore payloads)
    : VersionedStateGrain(storage, silos, payloads, self.Name, "queue"), INegativeQueueGrain;

/// <summary>Centre, prototypes, memory bank, assignments.</summary>
[OnBestParameterSilo]
[Reentrant]
[KeepAlive]
[Immovable]
public sealed class MethodStateGrain(IRunStorage storage, ParameterSilos silos, ILocalSiloDetails self, PayloadStore payloads)
    : VersionedStateGrain(storage, silos, payloads, self.Name, "state"), IMethodStateGrain;

/// <summary>Values that advance once per step, and the last few advances for replicas that are a little behind.</summary>
public abstract class VersionedStateGrain(IRunStorage storage, ParameterSilos silos, PayloadStore payloads, string self, string kind) : Grain, IVersionedStateGrain
{
    private const int Remembered = 8;

    private readonly Queue<StateStep> _recent = new();
    private readonly Dictionary<string, long> _lastPush = [];
    private StateStore? _store;
    private StateWarmth? _warmth;

    private StateWarmth Warmth => _warmth ??= new StateWarmth(GrainFactory, silos, payloads, self, this.GetPrimaryKeyString(), kind);

    private StateStore Store => _store
        ?? throw new StateLostException($"The method state of {this.GetPrimaryKeyString()} is empty; it is restored from the last checkpoint.");

    /// <summary>Takes the warm copy's place after the death of the silo that had the state.</summary>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (await Warmth.Best() is { } copy)
            Begin(await StateBlocks.Store(copy.Values, copy.Version, payloads));
    }

    public async Task Create(StateValue[] initial)
    {
        Begin(await StateBlocks.Store(initial, 0, payloads));
        await Warmth.Forget();
    }

    public async Task Restore(StateValue[] initial, long version)
    {
        var store = await StateBlocks.Store(initial, version, payloads);
        var reader = await CheckpointReader.Open(storage, this.GetPrimaryKeyString(), version);
        store.Restore(version, reader.MethodState(store.Names));
        Begin(store);
        await Warmth.Forget();
    }

    public Task Advance(StateStep step)
    {
        var copying = Warmth.Advance(step, Store);
        var before = Store.Names.ToDictionary(n => n, Store.Pushed);
        if (Store.Advance(step.Step, StateBlocks.Update(step.Changes)))
        {
            foreach (var (name, pushed) in before)
                _lastPush[name] = Store.Pushed(name) - pushed;
            _recent.Enqueue(step);
            if (_recent.Count > Remembered)
                _recent.Dequeue();
        }

        return copying;
    }

    public Task<StateCatchUp> Since(long have, long want)
    {
        if (Store.Version != want)
            throw new OutdatedException($"The method state of {this.GetPrimaryKeyString()} is at version {Store.Version}; version {want} is over.");
        var steps = _recent.Where(s => s.Step >= have).ToArray();

        // Several large steps together could pass the bound that each of them keeps; the whole travels beside the message.
        var isSmall = steps.Sum(s => s.Changes.Sum(c => (long)c.Values.Value.Length)) <= StateUpdateSize.Most;
        return Task.FromResult(have >= 0 && steps.Length == want - have && isSmall
            ? new StateCatchUp(want, steps, [])
            : new StateCatchUp(want, [], StateBlocks.Values(Store, payloads)));
    }

    public Task<StateValue[]> Snapshot(long version)
        => Store.Version == version
            ? Task.FromResult(StateBlocks.Values(Store, payloads))
            : throw new OutdatedException($"The method state of {this.GetPrimaryKeyString()} is at version {Store.Version}, not {version}.");

    public Task<MethodStateFacts> GetState() => Task.FromResult(_store is null
        ? new MethodStateFacts(-1, 0, "", "its first values, or a checkpoint's", [])
        : new MethodStateFacts(
            Store.Version,
            sizeof(float) * Store.Names.Sum(n => (long)Store.Values(n).Length),
            Warmth.On,
            $"step {Store.Version}: its commit",
            [.. Store.Names.Select(FactsOf)]));

    private StateValueFacts FactsOf(string name)
    {
        var (shape, pushed) = (Store.Shape(name), Store.Pushed(name));
        var isQueue = Store.Kind(name) == StateKind.Queue;
        var filled = Math.Min(pushed, shape[0]);

        // Every step pushes the same number of rows.
        var perStep = _lastPush.GetValueOrDefault(name);
        return new StateValueFacts(
            name,
            Store.Kind(name).ToString().ToLowerInvariant(),
            [.. shape],
            Facts.Hash(Store.Values(name)),
            Facts.Norm(Store.Values(name)),
            isQueue ? filled : null,
            isQueue ? pushed : null,
            isQueue && perStep > 0 ? (filled + perStep - 1) / perStep : null);
    }

    public Task<long> Stand() => Task.FromResult(_store?.Version ?? -1);

    private void Begin(StateStore store)
    {
        _store = store;
        _recent.Clear();
    }
}
