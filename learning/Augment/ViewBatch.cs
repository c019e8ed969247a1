using SslOrleans.Learning.Data;

namespace SslOrleans.Learning.Augment;

/// <summary>
/// The views of one micro-batch. Buffers belong to a pool: dispose the batch when its values have been copied into tensors.
/// </summary>
public sealed class ViewBatch : IDisposable
{
    private readonly float[][] _views;
    private readonly int[] _lengths;
    private Action<ViewBatch>? _giveBack;

    internal ViewBatch(ViewPlan plan, int capacity, Action<ViewBatch> giveBack)
    {
        Plan = plan;
        Capacity = capacity;
        _views = [.. Enumerable.Range(0, plan.Count).Select(view => GC.AllocateUninitializedArray<float>(capacity * plan[view].Length))];
        _lengths = [.. Enumerable.Range(0, plan.Count).Select(view => plan[view].Length)];
        _giveBack = giveBack;
    }

    /// <summary>The plan that the views follow.</summary>
    public ViewPlan Plan { get; }

    /// <summary>The samples, b of them, in row order.</summary>
    public IReadOnlyList<SamplePosition> Samples { get; private set; } = [];

    internal int Capacity { get; }

    /// <summary>View v of all samples: <c>[b, 3, Size, Size]</c>, contiguous.</summary>
    public ReadOnlyMemory<float> View(int view) => _views[view].AsMemory(0, Samples.Count * _lengths[view]);

    /// <summary>The array behind <see cref="View"/>; it may be longer.</summary>
    public float[] Buffer(int view) => _views[view];

    internal Span<float> Row(int view, int row) => _views[view].AsSpan(row * _lengths[view], _lengths[view]);

    internal void Begin(IReadOnlyList<SamplePosition> samples, Action<ViewBatch> giveBack) => (Samples, _giveBack) = (samples, giveBack);

    /// <summary>Gives the buffers back.</summary>
    public void Dispose() => Interlocked.Exchange(ref _giveBack, null)?.Invoke(this);
}
