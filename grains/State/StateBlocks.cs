using System.Runtime.InteropServices;
using Orleans.Concurrency;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Grains.State;

/// <summary>Method state as it travels and as learning knows it.</summary>
internal static class StateBlocks
{
    public static StateStep Of(long step, StateUpdate update) => new(step, [.. update.Changes.Select(Of)]);

    public static StateChangeBlock Of(StateChange change) => new(change.Name, Bytes(change.Values), change.SampleIds);

    public static StateUpdate Update(IEnumerable<StateChangeBlock> changes)
        => new([.. changes.Select(c => new StateChange(c.Name, Parts.Floats(c.Values.Value).ToArray(), c.SampleIds))]);

    public static StateValue[] Values(StateStore store)
        => [.. store.Names.Select(n => new StateValue(n, [.. store.Shape(n)], store.Pushed(n), Bytes(store.Values(n))))];

    public static void Restore(StateStore store, long version, IEnumerable<StateValue> values)
        => store.Restore(version, values.Select(v => (v.Name, Parts.Floats(v.Values.Value).ToArray(), v.Pushed)));

    /// <summary>A store with these shapes and values; zeros where the values were left out.</summary>
    public static StateStore Store(StateValue[] values, int[] kinds, long version)
    {
        var store = new StateStore([.. values.Select((v, i) => new StateSpec(v.Name, (StateKind)kinds[i], v.Shape))], 0, 0);
        Restore(store, version, values.Where(v => v.Values.Value.Length > 0));
        return store;
    }

    /// <summary>The store as it travels to a silo that keeps it warm, or back.</summary>
    public static StateCopy Copy(StateStore store)
        => new(store.Version, Values(store), [.. store.Names.Select(n => (int)store.Kind(n))]);

    private static Immutable<byte[]> Bytes(ReadOnlySpan<float> values) => new(MemoryMarshal.AsBytes(values).ToArray());
}
