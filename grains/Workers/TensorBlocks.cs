using System.Runtime.InteropServices;
using Orleans.Concurrency;
using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>Embeddings and their gradients as they travel and as learning knows them.</summary>
internal static class TensorBlocks
{
    public static TensorBlock[] Of(IEnumerable<NamedArray> arrays)
        => [.. arrays.Select(a => new TensorBlock(a.Name, a.Shape, new Immutable<byte[]>(MemoryMarshal.AsBytes(a.Values.AsSpan()).ToArray()), a.RequiresGradient))];

    public static IReadOnlyList<NamedArray> Arrays(IEnumerable<TensorBlock> blocks)
        => [.. blocks.Select(b => new NamedArray(b.Name, b.Shape, Payload.Floats(b.Values.Value).ToArray(), b.RequiresGradient))];
}
