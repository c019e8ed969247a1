using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Grains.Runs;

/// <summary>Deals micro-batches to workers: contiguous runs of whole subtrees, as long as the worker is fast.</summary>
public static class StepPlanner
{
    /// <summary>
    /// Shares of <paramref name="open"/> for workers with these speeds (micro-batches per second). Each next micro-batch goes to
    /// whoever would finish it first, so the slowest worker ends as early as it can; shares are then cut in micro-batch order,
    /// so that each is few subtrees and its gradient few partial sums.
    /// </summary>
    /// <param name="microBatches">M, the leaves of the tree.</param>
    /// <param name="open">Micro-batches to deal, in order.</param>
    /// <param name="speeds">One per worker, above 0.</param>
    /// <returns>Per worker, the subtrees; empty for one that gets nothing.</returns>
    public static IReadOnlyList<Leaves[]> Deal(int microBatches, IReadOnlyList<int> open, IReadOnlyList<double> speeds)
    {
        var counts = new int[speeds.Count];

        // Whoever would be done first with one more; of equals the first. The heap keeps a thousand workers cheap.
        var next = new PriorityQueue<int, (double Done, int Worker)>(speeds.Select((s, w) => (w, (1 / s, w))));
        for (var i = 0; i < open.Count; i++)
        {
            var best = next.Peek();
            counts[best]++;
            next.DequeueEnqueue(best, ((counts[best] + 1) / speeds[best], best));
        }

        var dealt = new List<Leaves[]>();
        var at = 0;
        foreach (var count in counts)
        {
            dealt.Add(Cover(microBatches, Enumerable.Range(at, count).Select(i => open[i])));
            at += count;
        }

        return dealt;
    }

    /// <summary>The fewest whole subtrees for these micro-batches, given in order.</summary>
    public static Leaves[] Cover(int microBatches, IEnumerable<int> leaves)
    {
        var cover = new List<Leaves>();
        var (start, end) = (0, 0);
        foreach (var leaf in leaves)
        {
            if (leaf != end)
            {
                Close();
                start = leaf;
            }

            end = leaf + 1;
        }

        Close();
        return [.. cover];

        void Close()
        {
            if (end > start)
                cover.AddRange(SumTree.Cover(microBatches, start, end).Select(n => new Leaves(n.Start, n.Size)));
        }
    }
}
