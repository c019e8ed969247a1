using System.Runtime.InteropServices;
using Orleans.Concurrency;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Grains.State;

/// <summary>Method state as it travels and as learning knows it.</summary>
internal static class StateBlocks
{
    public static StateStep Of(long step, StateUpdate update) => new(step, [.. update.Changes.Select(Of)]);

    public static StateChangeBlock Of(StateChange change) => new(change.Name, Bytes(change.Values), change.SampleIds);

    public static StateUpdate Update(IEnumerable<StateChangeBlock> changes)
        => new([.. changes.Select(c => new StateChange(c.Name, Payload.Floats(c.Values.Value).ToArray(), c.SampleIds))]);

    public static StateValue[] Values(StateStore store, PayloadStore payloads)
        => [.. store.Names.Select(n => new StateValue(n, store.Kind(n), [.. store.Shape(n)], store.Pushed(n), payloads.Lend(store.Values(n))))];

    /// <summary>A store with these shapes and values; zeros where the values were left out.</summary>
    public static async Task<StateStore> Store(StateValue[] values, long version, PayloadStore payloads)
    {
        var store = new StateStore([.. values.Select(v => new StateSpec(v.Name, v.Kind, v.Shape))], 0, 0);
        var taken = new List<(string, float[], long)>();
        foreach (var value in values.Where(v => v.Values.Length > 0))
            taken.Add((value.Name, await payloads.Take(value.Values), value.Pushed));
        store.Restore(version, taken);
        return store;
    }

    /// <summary>The store as it travels to a silo that keeps it warm, or back.</summary>
    public static StateCopy Copy(StateStore store, PayloadStore payloads)
        => new(store.Version, Values(store, payloads));

    private static Immutable<byte[]> Bytes(ReadOnlySpan<float> values) => new(MemoryMarshal.AsBytes(values).ToArray());
}
