using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Meters;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Grains.Parameters;

/// <summary>
/// Adds partial sums in tree order as they arrive. A sum is added once it is here as a whole; one that never is, because its sender died, leaves no
/// trace.
/// </summary>
internal sealed class IncomingSums(int length, int microBatches)
{
    private readonly Stack<float[]> _free = new();
    private readonly Dictionary<int, DrawnSum> _drawn = [];
    private TreeSum? _sum;

    private TreeSum Sum => _sum ??= new TreeSum(microBatches, _free.Push);

    public bool IsComplete => Sum.IsComplete;

    public float[] Total => Sum.Total;

    /// <summary>Micro-batches whose sums are not here yet.</summary>
    public IEnumerable<int> Missing => Enumerable.Range(0, microBatches).Where(m => !Sum.Covers(new MicroBatchRange(m, 1)));

    /// <summary>The drawn micro-batches whose sums count, as they arrived.</summary>
    public IReadOnlyCollection<DrawnSum> Drawn => _drawn.Values;

    /// <summary>Whether the sum over these micro-batches is here already.</summary>
    public bool Covers(MicroBatchRange leaves) => Sum.Covers(leaves);

    /// <summary>Memory for a sum, of which every element will be written; goes back with <see cref="Add"/> or <see cref="Return"/>.</summary>
    public float[] Rent() => _free.TryPop(out var free) ? free : new float[length];

    public void Return(float[] values) => _free.Push(values);

    /// <param name="sum">What the values are.</param>
    /// <param name="values">Taken over.</param>
    public void Add(PartialSum sum, float[] values)
    {
        var node = sum.Leaves;

        // The tree adds in place, so the hash comes first.
        var drawn = sum.Drawn ? new DrawnSum(node.Start, sum.Sender, Facts.Hash(values)) : null;
        if (!Sum.Add(node, values))
            _free.Push(values);
        else if (drawn is not null)
            _drawn[node.Start] = drawn;
    }

    /// <summary>Takes the sum over all micro-batches, as a warm copy has it.</summary>
    public void Complete(float[] total) => Sum.Add(new MicroBatchRange(0, microBatches), total);

    /// <summary>Starts the next step.</summary>
    public void Clear()
    {
        _drawn.Clear();
        Sum.Clear();

        // Enough for the subtrees of a few workers; more would hold memory for nothing.
        while (_free.Count > 8)
            _free.Pop();
    }
}
