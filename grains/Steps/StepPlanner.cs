using SslOrleans.Learning.Numerics;

namespace SslOrleans.Grains.Steps;

/// <summary>Deals micro-batches to workers: whole subtrees, as large as the workers' speeds allow.</summary>
public static class StepPlanner
{
    /// <summary>
    /// How much later than possible the last worker may end, so that shares are few subtrees. Each subtree is a partial sum of all
    /// parameters on the network: workers whose speeds differ by a few percent are better off with equal shares.
    /// </summary>
    private const double Slack = 1.05;

    /// <summary>
    /// Shares of <paramref name="open"/> for workers with these speeds (micro-batches per second). Subtrees are given away from the
    /// largest to the smallest, each to whoever has the most time left; one that nobody has time for is halved.
    /// </summary>
    /// <param name="microBatches">M, the leaves of the tree.</param>
    /// <param name="open">Micro-batches to deal, in order.</param>
    /// <param name="speeds">One per worker, above 0.</param>
    /// <returns>Per worker, the subtrees in order; empty for one that gets nothing.</returns>
    public static IReadOnlyList<MicroBatchRange[]> Deal(int microBatches, IReadOnlyList<int> open, IReadOnlyList<double> speeds)
    {
        var limit = Slack * Shortest(open.Count, speeds);
        var whole = new PriorityQueue<MicroBatchRange, long>();
        foreach (var subtree in Cover(microBatches, open))
            Offer(subtree);

        // Micro-batches that each could still take within the limit.
        var left = new PriorityQueue<int, (double, int)>(speeds.Select((s, w) => (w, (-limit * s, w))));
        var shares = speeds.Select(_ => new List<MicroBatchRange>()).ToArray();
        while (whole.TryDequeue(out var subtree, out _))
        {
            left.TryPeek(out var worker, out var most);
            if (subtree.Size > 1 && subtree.Size > -most.Item1)
            {
                var (one, other) = SumTree.Children(subtree);
                Offer(one);
                Offer(other);
                continue;
            }

            shares[worker].Add(subtree);
            left.DequeueEnqueue(worker, (most.Item1 + subtree.Size, worker));
        }

        // Two halves may have come together again.
        return [.. shares.Select(s => s is [var one] ? [one] : Cover(microBatches, s.SelectMany(t => Enumerable.Range(t.Start, t.Size)).Order()))];

        // The largest first, of equals the first.
        void Offer(MicroBatchRange subtree) => whole.Enqueue(subtree, ((long)-subtree.Size << 32) + subtree.Start);
    }

    /// <summary>The shortest time in which these workers can do so many, to a millionth.</summary>
    private static double Shortest(int count, IReadOnlyList<double> speeds)
    {
        // The fastest could do all of them alone.
        var (less, enough) = (0.0, (count + 0.5) / speeds.Max());
        while (enough - less > 1e-6 * enough)
        {
            var middle = (less + enough) / 2;
            if (speeds.Sum(s => Math.Floor(middle * s)) >= count)
                enough = middle;
            else
                less = middle;
        }

        return enough;
    }

    /// <summary>The fewest whole subtrees for these micro-batches, given in order.</summary>
    public static MicroBatchRange[] Cover(int microBatches, IEnumerable<int> leaves)
    {
        var cover = new List<MicroBatchRange>();
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
                cover.AddRange(SumTree.Cover(microBatches, start, end));
        }
    }
}
