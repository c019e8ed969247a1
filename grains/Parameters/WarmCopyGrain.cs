using Orleans.Concurrency;
using Orleans.Placement;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.State;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Grains.Parameters;

/// <summary>The warm copies that this silo keeps of a run.</summary>
[OnNamedSilo]
[Reentrant]
[KeepAlive]
[Immovable]
public sealed class WarmCopyGrain(PayloadStore payloads) : Grain, IWarmCopyGrain
{
    private readonly Dictionary<int, SliceCopy> _slices = [];
    private readonly Dictionary<string, StateStore> _states = [];

    private WarmCopyKey Key => WarmCopyKey.Parse(this.GetPrimaryKeyString());

    public Task Begin(SliceOrigin origin, SliceStand stand)
    {
        _slices[origin.Slice] = new SliceCopy(Key.Run, origin, stand);
        return Task.CompletedTask;
    }

    public Task Fill(int slice, string vector, Payload values) => Slice(slice).Fill(vector, values, payloads);

    public Task Prepare(int slice, long step, Payload sum) => Slice(slice).Prepare(step, sum, payloads);

    public Task<string> Check(int slice, long step) => Task.FromResult(Slice(slice).Check(step));

    public Task Intend(int slice, StepIntent intent)
    {
        Slice(slice).Intent = intent;
        return Task.CompletedTask;
    }

    public Task<SliceCommit> Apply(int slice, StepSchedule rates, double clip) => Task.FromResult(Slice(slice).Apply(rates, clip));

    public Task<SliceStand> Find(int slice)
    {
        if (!_slices.TryGetValue(slice, out var copy))
            return Task.FromResult(SliceStand.Nothing);
        if (copy.IsSound)
            return Task.FromResult(copy.Stand);
        _slices.Remove(slice);
        return Task.FromResult(SliceStand.Nothing with { Trouble = $"the warm copy of slice {slice} on {Key.Silo} has other bits than at its last commit and was not taken over: look at the memory of that machine" });
    }

    public Task<SliceOrigin> Origin(int slice) => Task.FromResult(Slice(slice).Origin);

    public Task<Payload> Read(int slice, long version, string vector) => Task.FromResult(Slice(slice).Read(version, vector, payloads));

    public async Task PutState(string kind, StateCopy copy) => _states[kind] = await StateBlocks.Store(copy.Values, copy.Version, payloads);

    public Task AdvanceState(string kind, StateStep step)
    {
        if (!_states.TryGetValue(kind, out var store) || store.Version < step.Step)
            throw new StateLostException($"Silo {this.GetPrimaryKeyString()} has no warm copy of {kind} at version {step.Step}.");
        store.Advance(step.Step, StateBlocks.Update(step.Changes));
        return Task.CompletedTask;
    }

    public Task<StateCopy?> FindState(string kind)
    {
        return Task.FromResult(_states.TryGetValue(kind, out var store) ? StateBlocks.Copy(store, payloads) : null);
    }

    public Task Drop(int slice, string kind)
    {
        _slices.Remove(slice);
        _states.Remove(kind);
        return Task.CompletedTask;
    }

    public Task<WarmCopyFacts> GetState()
        => Task.FromResult(new WarmCopyFacts(_slices.Select(s => ($"slice {s.Key}", s.Value.Stand.Version))
            .Concat(_states.Select(s => (s.Key, s.Value.Version)))
            .ToDictionary(c => c.Item1, c => c.Item2)));

    private SliceCopy Slice(int slice) => _slices.TryGetValue(slice, out var copy)
        ? copy
        : throw new StateLostException($"Silo {this.GetPrimaryKeyString()} has no warm copy of slice {slice}.");
}
