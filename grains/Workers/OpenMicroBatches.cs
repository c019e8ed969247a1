using SslOrleans.Contracts;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>Micro-batches of a step that are encoded and wait, with their graphs, for the gradient of the coupled loss. On the lane.</summary>
internal sealed class OpenMicroBatches
{
    private readonly Dictionary<int, OpenMicroBatch> _open = [];
    private long _step = -1;

    /// <summary>Drops those of another step, and an earlier one of this number.</summary>
    public void MakeRoom(long step, int microBatch)
    {
        if (_step != step)
            Clear();
        _step = step;
        if (_open.Remove(microBatch, out var earlier))
            earlier.Dispose();
    }

    public void Keep(int microBatch, OpenMicroBatch open) => _open[microBatch] = open;

    /// <exception cref="OutdatedException">It is not here.</exception>
    public OpenMicroBatch Take(long step, int microBatch)
        => _step == step && _open.Remove(microBatch, out var open) ? open : throw new OutdatedException($"Micro-batch {microBatch} of step {step} is not open here.");

    public void Clear()
    {
        foreach (var open in _open.Values)
            open.Dispose();
        _open.Clear();
    }
}
