using SslOrleans.Contracts.Messages;

namespace SslOrleans.Learning.Training;

/// <summary>
/// The views of one micro-batch, rows in sample order. Dispose it when its values have been copied into tensors: its memory is then
/// used for the next. Not disposing costs an allocation and nothing else.
/// </summary>
/// <param name="SampleIds">Indices in the data set.</param>
/// <param name="Views">In view-plan order.</param>
/// <param name="Labels">Classes, where the data set has them; only supervised baselines read them.</param>
/// <param name="GiveBack">Takes the views' memory back; called at most once.</param>
public sealed record MicroBatchViews(long[] SampleIds, IReadOnlyList<ViewBuffer> Views, int[]? Labels = null, Action? GiveBack = null) : IDisposable
{
    private int _disposed;

    /// <summary>Positions whose own image does not decode.</summary>
    public IReadOnlyList<ReplacedSample> Replaced { get; init; } = [];

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            GiveBack?.Invoke();
    }
}

/// <summary>
/// Makes the views of the samples at given positions of the run's endless order. Pure: the same positions give the same bits
/// on any worker. Thread-safe.
/// </summary>
public interface IViewProvider
{
    /// <summary>Samples in an epoch.</summary>
    long Samples { get; }

    /// <summary>The samples at <paramref name="count"/> consecutive positions.</summary>
    long[] SampleIds(long firstPosition, int count);

    /// <summary>The views of <paramref name="count"/> consecutive positions.</summary>
    MicroBatchViews Render(long firstPosition, int count);
}
