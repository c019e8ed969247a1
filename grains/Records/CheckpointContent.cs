namespace SslOrleans.Grains.Records;

/// <summary>A tensor in a checkpoint.</summary>
/// <param name="Shape">Dimensions, rows first.</param>
/// <param name="Values">Row-major.</param>
/// <param name="Counter">Method state only: rows that were ever pushed.</param>
public sealed record CheckpointTensor(long[] Shape, float[] Values, long Counter = 0);

/// <summary>All that a run needs to go on from a step, by name; what a dictionary enumerates first comes first in the file.</summary>
/// <param name="Step">Commits in the weights.</param>
/// <param name="WeightsHash">As in the ledger after step − 1.</param>
/// <param name="Parameters">Student parameters and running statistics.</param>
/// <param name="Optimizer">Optimiser state.</param>
/// <param name="Teacher">EMA teacher; empty without one.</param>
/// <param name="Method">Queue, centre, prototypes, with their counters.</param>
public sealed record CheckpointContent(
    long Step,
    string WeightsHash,
    IReadOnlyDictionary<string, CheckpointTensor> Parameters,
    IReadOnlyDictionary<string, CheckpointTensor> Optimizer,
    IReadOnlyDictionary<string, CheckpointTensor> Teacher,
    IReadOnlyDictionary<string, CheckpointTensor> Method)
{
    /// <summary>Hash of the recipe that the run follows; may be empty.</summary>
    public string RecipeHash { get; init; } = "";
}

/// <summary>A checkpoint is damaged or not complete; the message names the file.</summary>
public sealed class CheckpointException : Exception
{
    public CheckpointException(string message)
        : base(message)
    {
    }

    public CheckpointException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
