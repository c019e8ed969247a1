using System.Numerics;

namespace SslOrleans.Learning.Numerics;

/// <summary>
/// Adds vectors in the order of <see cref="SumTree"/>, in whatever order they arrive, and each leaf once:
/// a node that is already covered, in whole or in part, changes nothing, because it would bring the same bits.
/// </summary>
public sealed class TreeSum
{
    private readonly int _leaves;
    private readonly Action<float[]>? _free;
    private readonly Dictionary<MicroBatchRange, float[]> _sums = [];

    /// <param name="leaves">M.</param>
    /// <param name="free">Takes back arrays that the tree needs no more.</param>
    public TreeSum(int leaves, Action<float[]>? free = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(leaves, 1);
        _leaves = leaves;
        _free = free;
    }

    /// <summary>True when every leaf is covered.</summary>
    public bool IsComplete => _sums.ContainsKey(new MicroBatchRange(0, _leaves));

    /// <summary>The sum over all leaves.</summary>
    /// <exception cref="InvalidOperationException">Some leaf is missing.</exception>
    public float[] Total => _sums.TryGetValue(new MicroBatchRange(0, _leaves), out var total)
        ? total
        : throw new InvalidOperationException("The sum lacks leaves; add every micro-batch first.");

    /// <summary>The subtrees that are here and not yet part of a larger one.</summary>
    public IReadOnlyDictionary<MicroBatchRange, float[]> Parts => _sums;

    /// <summary>True when every leaf of the node is here already.</summary>
    public bool Covers(MicroBatchRange node)
    {
        var at = new MicroBatchRange(0, _leaves);
        while (true)
        {
            if (_sums.ContainsKey(at))
                return true;
            if (at == node)
                break;
            var (left, right) = SumTree.Children(at);
            at = node.Start < right.Start ? left : right;
        }

        return CoveredBelow(node);
    }

    /// <summary>
    /// Takes the sum of a subtree; the array belongs to the tree from then on.
    /// Returns false when the node was covered already and the array was not used.
    /// </summary>
    /// <exception cref="ArgumentException">The node is not one of the tree.</exception>
    public bool Add(MicroBatchRange node, float[] sum)
    {
        if (!SumTree.Contains(_leaves, node))
            throw new ArgumentException($"Leaves {node} are no whole subtree over {_leaves} micro-batches.", nameof(node));
        if (Covers(node))
            return false;

        // A part of it may be here from a worker that died half-way: the whole has the same bits and replaces the part.
        foreach (var part in _sums.Keys.Where(k => k.Start >= node.Start && k.End <= node.End).ToList())
        {
            _sums.Remove(part, out var freed);
            _free?.Invoke(freed!);
        }

        _sums[node] = sum;
        Merge(new MicroBatchRange(0, _leaves));
        return true;
    }

    /// <summary>Gives a part away.</summary>
    public float[] Take(MicroBatchRange node)
    {
        _sums.Remove(node, out var sum);
        return sum ?? throw new InvalidOperationException($"The sum of micro-batches {node} is not here.");
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        foreach (var sum in _sums.Values)
            _free?.Invoke(sum);
        _sums.Clear();
    }

    /// <summary><c>into[i] += add[i]</c>. Element-wise, so its bits depend neither on vector width nor on alignment.</summary>
    public static void AddInto(Span<float> into, ReadOnlySpan<float> add)
    {
        if (into.Length != add.Length)
            throw new ArgumentException($"Lengths differ: {into.Length} and {add.Length}.", nameof(add));
        var i = 0;
        for (; i <= into.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(into[i..]) + new Vector<float>(add[i..])).CopyTo(into[i..]);
        for (; i < into.Length; i++)
            into[i] += add[i];
    }

    private bool CoveredBelow(MicroBatchRange node)
    {
        if (_sums.ContainsKey(node))
            return true;
        if (node.Size == 1)
            return false;
        var (left, right) = SumTree.Children(node);
        return CoveredBelow(left) && CoveredBelow(right);
    }

    private bool Merge(MicroBatchRange node)
    {
        if (_sums.ContainsKey(node))
            return true;
        if (node.Size == 1)
            return false;
        var (left, right) = SumTree.Children(node);
        var both = Merge(left) & Merge(right);
        if (!both)
            return false;
        _sums.Remove(left, out var sum);
        _sums.Remove(right, out var other);
        AddInto(sum!, other!);
        _free?.Invoke(other!);
        _sums[node] = sum!;
        return true;
    }
}
