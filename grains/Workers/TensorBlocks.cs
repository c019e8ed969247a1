using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>Embeddings and their gradients as they travel and as learning knows them. What a step's blocks speak of is kept until the next step.</summary>
internal sealed class TensorBlocks(PayloadStore payloads) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<KeptPayload> _kept = [];

    public TensorBlock[] Of(IEnumerable<NamedArray> arrays)
        => [.. arrays.Select(a => new TensorBlock(a.Name, a.Shape, Keep(a.Values), a.RequiresGradient))];

    /// <exception cref="PayloadLostException">The worker that made one of them is dead, or has gone on.</exception>
    public async Task<IReadOnlyList<NamedArray>> Take(IEnumerable<TensorBlock> blocks)
    {
        var taken = new List<NamedArray>();
        foreach (var block in blocks)
        {
            try
            {
                taken.Add(new NamedArray(block.Name, block.Shape, await payloads.Take(block.Values), block.RequiresGradient));
            }
            catch (OrleansException e)
            {
                throw new PayloadLostException($"Silo {block.Values.Silo} does not give out {block.Name}: {e.Message}", block.Values.Silo);
            }
        }

        return taken;
    }

    /// <summary>Nobody asks for the blocks of the step any more.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            foreach (var kept in _kept)
                kept.Dispose();
            _kept.Clear();
        }
    }

    public void Dispose() => Clear();

    private Payload Keep(float[] values)
    {
        var kept = payloads.Keep(values);
        lock (_lock)
            _kept.Add(kept);
        return kept.Payload;
    }
}
