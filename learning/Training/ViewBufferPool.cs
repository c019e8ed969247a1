using System.Collections.Concurrent;

namespace SslOrleans.Learning.Training;

/// <summary>
/// Pixel arrays that are used again: a micro-batch of 224-pixel views is tens of megabytes, which the collector would otherwise
/// have to clear and move with every step. Safe for any number of threads.
/// </summary>
internal sealed class ViewBufferPool
{
    /// <summary>Arrays of one length that are kept; more are in use at once only for a moment.</summary>
    private const int Kept = 16;

    private readonly ConcurrentDictionary<int, ConcurrentBag<float[]>> _free = new();

    /// <summary>An array of exactly this length, with anything in it.</summary>
    public float[] Rent(int length)
        => _free.TryGetValue(length, out var bag) && bag.TryTake(out var array) ? array : GC.AllocateUninitializedArray<float>(length);

    public void GiveBack(IEnumerable<float[]> arrays)
    {
        foreach (var array in arrays)
        {
            var bag = _free.GetOrAdd(array.Length, _ => []);
            if (bag.Count < Kept)
                bag.Add(array);
        }
    }
}
