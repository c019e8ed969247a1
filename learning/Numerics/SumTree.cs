namespace SslOrleans.Learning.Numerics;

/// <summary>
/// The fixed binary tree over micro-batches 0 … M−1 in which every sum of the project is taken.
/// The left child of a node is the largest power of two below its size, so the tree depends on M alone:
/// the order of additions, hence every bit of a sum, is the same for any division of the leaves among workers.
/// </summary>
public static class SumTree
{
    /// <summary>The two halves of a node with more than one leaf.</summary>
    public static (MicroBatchRange Left, MicroBatchRange Right) Children(MicroBatchRange node)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(node.Size, 2);
        var left = 1 << (31 - int.LeadingZeroCount(node.Size - 1));
        return (new MicroBatchRange(node.Start, left), new MicroBatchRange(node.Start + left, node.Size - left));
    }

    /// <summary>The fewest whole subtrees of the tree over <paramref name="leaves"/> leaves that cover <c>start … end−1</c>.</summary>
    public static IReadOnlyList<MicroBatchRange> Cover(int leaves, int start, int end)
    {
        var cover = new List<MicroBatchRange>();
        Collect(new MicroBatchRange(0, leaves));
        return cover;

        void Collect(MicroBatchRange node)
        {
            if (node.End <= start || node.Start >= end)
                return;
            if (node.Start >= start && node.End <= end)
            {
                cover.Add(node);
                return;
            }

            var (left, right) = Children(node);
            Collect(left);
            Collect(right);
        }
    }

    /// <summary>True when the node is one of the tree over <paramref name="leaves"/> leaves.</summary>
    public static bool Contains(int leaves, MicroBatchRange node)
    {
        var at = new MicroBatchRange(0, leaves);
        while (at != node)
        {
            if (at.Size < 2)
                return false;
            var (left, right) = Children(at);
            at = node.Start < right.Start ? left : right;
        }

        return true;
    }
}
