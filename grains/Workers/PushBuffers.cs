using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace SslOrleans.Grains.Workers;

/// <summary>
/// What a session's pushes use again and again: fresh memory of a gradient's size costs more in page faults than the copy itself.
/// </summary>
internal sealed class PushBuffers
{
    private readonly ConcurrentDictionary<int, ConcurrentBag<byte[]>> _bytes = [];

    /// <summary>Vectors of the parameters' length.</summary>
    public ConcurrentStack<float[]> Vectors { get; } = new();

    /// <summary>A copy of the values as bytes.</summary>
    public byte[] Bytes(ReadOnlySpan<float> values)
    {
        var source = MemoryMarshal.AsBytes(values);
        var bytes = Bag(source.Length).TryTake(out var used) ? used : GC.AllocateUninitializedArray<byte>(source.Length);
        source.CopyTo(bytes);
        return bytes;
    }

    /// <summary>Takes bytes back that nobody reads any more.</summary>
    public void Return(byte[] bytes) => Bag(bytes.Length).Add(bytes);

    private ConcurrentBag<byte[]> Bag(int length) => _bytes.GetOrAdd(length, _ => []);
}
