using System.Runtime.ExceptionServices;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Learning.Training;

/// <summary>A micro-batch between its forward and its backward pass: the graph is alive.</summary>
public sealed class OpenMicroBatch(
    int number, Embeddings embeddings, float[] statistics, Recomputation? again = null, IBatchMeeting? meeting = null, BatchMeetings? meetings = null) : IDisposable
{
    /// <summary>How to get the graph; null while it is alive.</summary>
    public Recomputation? Again { get; } = again;

    /// <summary>Its number in the step.</summary>
    public int Number { get; } = number;

    public Embeddings Embeddings { get; } = embeddings;

    /// <summary>Batch statistics in layout order.</summary>
    public float[] Statistics { get; } = statistics;

    /// <summary>The online probe's gradient on this micro-batch, in layout order; empty without one.</summary>
    public float[] Probed { get; init; } = [];

    /// <summary>Where its batch norms meet those of the other micro-batches, in both passes; null where they do not.</summary>
    public IBatchMeeting? Meeting { get; } = meeting;

    /// <summary>After a backward pass: one of its meetings may have failed.</summary>
    public void ThrowIfMeetingFailed()
    {
        if (meetings?.Failure is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }

    public void Dispose()
    {
        foreach (var (_, tensor) in Embeddings)
            tensor.Dispose();
        Again?.Dispose();
    }
}

/// <summary>The forward pass of a micro-batch once more, instead of its graph (<c>batch.recompute</c>); it owns the views.</summary>
public sealed class Recomputation(Views views, Func<Views, Embeddings> forward) : IDisposable
{
    public Embeddings Forward() => forward(views);

    public void Dispose() => views.Dispose();
}
