namespace SslOrleans.Grains.Simulation;

/// <summary>What a simulated run came to.</summary>
public sealed record SimulationResult
{
    /// <summary>Committed steps.</summary>
    public required long Steps { get; init; }

    /// <summary>Committed images, of those that the same workers would have committed had none failed.</summary>
    public required double Goodput { get; init; }

    public required double ImagesPerSecond { get; init; }

    /// <summary>Mean seconds of a step.</summary>
    public required double StepSeconds { get; init; }

    /// <summary>Seconds of a step in which all workers are here and none fails, by what they are spent on.</summary>
    public required IReadOnlyDictionary<string, double> Parts { get; init; }

    /// <summary>The part that would have to shrink first.</summary>
    public required string Limit { get; init; }

    public required int Failures { get; init; }

    /// <summary>Mean seconds that a failure added to its step.</summary>
    public required double RecoverySeconds { get; init; }

    /// <summary>Longest that a failure added.</summary>
    public required double WorstRecoverySeconds { get; init; }

    /// <summary>Micro-batches that were computed a second time.</summary>
    public required long Repeated { get; init; }

    /// <summary>Mean partial sums of a worker in a step; 1 when every share is one subtree.</summary>
    public required double PartialSums { get; init; }

    /// <summary>Mean bytes over a worker's link in a step.</summary>
    public required double WorkerLinkBytes { get; init; }

    /// <summary>Those bytes, of the bound 2·P·(n−1)/n + embeddings.</summary>
    public required double WorkerLinkOfBound { get; init; }

    /// <summary>Bytes over the busiest parameter silo's link in a step.</summary>
    public required double ParameterLinkBytes { get; init; }

    /// <summary>Messages that can wait at once at the busiest parameter grain.</summary>
    public required int QueueDepth { get; init; }

    /// <summary>Seconds that the simulation itself took.</summary>
    public required double ComputedIn { get; init; }
}
