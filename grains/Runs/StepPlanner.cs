using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Grains.Runs;

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
    public static IReadOnlyList<Leaves[]> Deal(int microBatches, IReadOnlyList<int> open, IReadOnlyList<double> speeds)
    {
        var limit = Slack * Shortest(open.Count, speeds);
        var whole = new PriorityQueue<TreeNode, (int, int)>();
        foreach (var subtree in Cover(microBatches, open))
            Offer(new TreeNode(subtree.Start, subtree.Size));

        // Micro-batches that each could still take within the limit.
        var left = new PriorityQueue<int, (double, int)>(speeds.Select((s, w) => (w, (-limit * s, w))));
        var shares = speeds.Select(_ => new List<int>()).ToArray();
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

            shares[worker].AddRange(Enumerable.Range(subtree.Start, subtree.Size));
            left.DequeueEnqueue(worker, (most.Item1 + subtree.Size, worker));
        }

        return [.. shares.Select(s => Cover(microBatches, s.Order()))];

        void Offer(TreeNode subtree) => whole.Enqueue(subtree, (-subtree.Size, subtree.Start));
    }

    /// <summary>Seconds in which these workers can do so many, when each next one goes to whoever would be done with it first.</summary>
    private static double Shortest(int count, IReadOnlyList<double> speeds)
    {
        // The heap keeps a thousand workers cheap.
        var done = 0.0;
        var next = new PriorityQueue<(int Worker, int Count), (double, int)>(speeds.Select((s, w) => ((w, 1), (1 / s, w))));
        for (var i = 0; i < count; i++)
        {
            next.TryPeek(out var first, out var at);
            done = Math.Max(done, at.Item1);
            next.DequeueEnqueue((first.Worker, first.Count + 1), ((first.Count + 1) / speeds[first.Worker], first.Worker));
        }

        return done;
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
