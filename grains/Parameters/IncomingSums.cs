using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Meters;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Grains.Parameters;

/// <summary>
/// Puts the parts of partial sums together, per sender, and adds whole ones in tree order.
/// A sum that never arrives whole, because its sender died, leaves no trace.
/// </summary>
internal sealed class IncomingSums(int length, int microBatches)
{
    private readonly Stack<float[]> _free = new();
    private readonly Dictionary<(Leaves Leaves, string Sender), Pending> _pending = [];
    private readonly Dictionary<int, DrawnSum> _drawn = [];
    private TreeSum? _sum;

    private TreeSum Sum => _sum ??= new TreeSum(microBatches, _free.Push);

    public bool IsComplete => Sum.IsComplete;

    public float[] Total => Sum.Total;

    /// <summary>Micro-batches whose sums are not here yet.</summary>
    public IEnumerable<int> Missing => Enumerable.Range(0, microBatches).Where(m => !Sum.Covers(new TreeNode(m, 1)));

    /// <summary>The drawn micro-batches whose sums count, as they arrived.</summary>
    public IReadOnlyCollection<DrawnSum> Drawn => _drawn.Values;

    public void Add(PartialSum part)
    {
        var node = new TreeNode(part.Leaves.Start, part.Leaves.Size);
        if (Sum.Covers(node))
            return;
        var key = (part.Leaves, part.Sender);
        if (!_pending.TryGetValue(key, out var pending))
            _pending[key] = pending = new Pending(_free.TryPop(out var free) ? free : new float[length], new bool[Parts.Count(length)]);
        if (pending.Here[part.Part])
            return;
        Parts.Place(part.Values, part.Part, pending.Values);
        pending.Here[part.Part] = true;
        if (!pending.Here.All(h => h))
            return;
        _pending.Remove(key);

        // The tree adds in place, so the hash comes first.
        var drawn = part.Drawn ? new DrawnSum(node.Start, part.Sender, Facts.Hash(pending.Values)) : null;
        if (!Sum.Add(node, pending.Values))
            _free.Push(pending.Values);
        else if (drawn is not null)
            _drawn[node.Start] = drawn;
    }

    /// <summary>Takes the sum over all micro-batches, as a warm copy has it.</summary>
    public void Complete(float[] total) => Sum.Add(new TreeNode(0, microBatches), total);

    /// <summary>Starts the next step.</summary>
    public void Clear()
    {
        foreach (var pending in _pending.Values)
            _free.Push(pending.Values);
        _pending.Clear();
        _drawn.Clear();
        Sum.Clear();

        // Enough for the subtrees of a few workers; more would hold memory for nothing.
        while (_free.Count > 8)
            _free.Pop();
    }

    private sealed record Pending(float[] Values, bool[] Here);
}
