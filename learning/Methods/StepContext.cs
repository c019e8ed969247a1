using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>Where in the run a computation stands, and what it may report. Nothing here depends on who computes.</summary>
public sealed class StepContext
{
    private readonly SortedDictionary<string, float> _reported = new(StringComparer.Ordinal);

    /// <summary>The run's seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Step, from 0.</summary>
    public required long Step { get; init; }

    /// <summary>Steps in the run.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>Epoch of the step's first sample.</summary>
    public long Epoch { get; init; }

    /// <summary>Ids of the samples, in row order: those of the micro-batch, or of the effective batch for a coupled loss.</summary>
    public IReadOnlyList<long> SampleIds { get; init; } = [];

    /// <summary>Rows in the whole effective batch.</summary>
    public required int EffectiveBatch { get; init; }

    public required Device Device { get; init; }

    /// <summary>Share of the run that is done, 0 … 1.</summary>
    public double Progress => TotalSteps <= 1 ? 0 : (double)Step / (TotalSteps - 1);

    /// <summary>Named terms of the loss and other scalars, for the metrics.</summary>
    public IReadOnlyDictionary<string, float> Reported => _reported;

    /// <summary>Reports a scalar of this step: <c>invariance</c>, <c>covariance</c>, <c>standardDeviation</c> …</summary>
    public void Report(string name, Tensor value)
    {
        using var detached = value.detach();
        _reported[name] = detached.item<float>();
    }
}
