using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Contracts.Messages;

/// <summary>A device that computes, as it registers itself.</summary>
/// <param name="Name">silo/device, the grain's key.</param>
/// <param name="Silo">Name of its silo.</param>
/// <param name="Life">New for every life of the process; messages from an earlier life are refused.</param>
/// <param name="Device">cpu, cuda:0 …</param>
/// <param name="NumericsClass">Fingerprint: libtorch version, revision of this code's arithmetic, device type, instruction set, threads per worker.</param>
/// <param name="ProcessId">Process id on its machine.</param>
/// <param name="Machine">Host name.</param>
[GenerateSerializer]
[Alias("SslOrleans.WorkerInfo")]
public sealed record WorkerInfo(
    [property: Id(0)] string Name,
    [property: Id(1)] string Silo,
    [property: Id(2)] string Life,
    [property: Id(3)] string Device,
    [property: Id(4)] string NumericsClass,
    [property: Id(5)] int ProcessId,
    [property: Id(6)] string Machine)
{
    /// <summary>The class of what this worker computes in a precision of <c>workers.precision</c>.</summary>
    public string NumericsClassIn(string precision) => precision == WorkersRecipe.Float32 ? NumericsClass : $"{NumericsClass}; {precision}";
}

/// <summary>What a worker needs to know of a run; the same for every worker.</summary>
/// <param name="Run">Run id.</param>
/// <param name="Recipe">The whole recipe, as JSON.</param>
/// <param name="DataPath">Where the images are.</param>
[GenerateSerializer]
[Alias("SslOrleans.RunBrief")]
public sealed record RunBrief(
    [property: Id(0)] string Run,
    [property: Id(1)] string Recipe,
    [property: Id(2)] string DataPath);

/// <summary>A lease: compute these micro-batches of this step.</summary>
/// <param name="Run">The run.</param>
/// <param name="Step">The step.</param>
/// <param name="Leaves">Whole subtrees.</param>
/// <param name="Attempt">Names this try at the step: a step that is computed again takes nothing that belongs to an earlier try.</param>
[GenerateSerializer]
[Alias("SslOrleans.Lease")]
public sealed record Lease(
    [property: Id(0)] RunBrief Run,
    [property: Id(1)] long Step,
    [property: Id(2)] MicroBatchRange[] Leaves,
    [property: Id(3)] long Attempt);

/// <summary>A sample position whose image does not decode and was replaced by another image of the data set.</summary>
/// <param name="Position">In the endless order of samples.</param>
/// <param name="Sample">Index of the image that belongs there.</param>
/// <param name="By">Index of the image that was used.</param>
[GenerateSerializer]
[Alias("SslOrleans.ReplacedSample")]
public readonly record struct ReplacedSample(
    [property: Id(0)] long Position,
    [property: Id(1)] long Sample,
    [property: Id(2)] long By);

/// <summary>What a micro-batch's forward pass, and for uncoupled methods its backward pass, left.</summary>
[GenerateSerializer]
[Alias("SslOrleans.MicroBatchResult")]
public sealed record MicroBatchResult(
    [property: Id(0)] int MicroBatch,
    [property: Id(1)] TensorBlock[] Embeddings,
    [property: Id(2)] float Loss,
    [property: Id(3)] Dictionary<string, float> Reported,
    [property: Id(4)] ReplacedSample[] Replaced);

/// <summary>Answer to a lease, with where the time went.</summary>
[GenerateSerializer]
[Alias("SslOrleans.LeaseResult")]
public sealed record LeaseResult(
    [property: Id(0)] MicroBatchResult[] MicroBatches,
    [property: Id(1)] WorkTimes Times);

/// <summary>Seconds that a worker spent on a lease, by kind.</summary>
[GenerateSerializer]
[Alias("SslOrleans.WorkTimes")]
public readonly record struct WorkTimes(
    [property: Id(0)] double Pull,
    [property: Id(1)] double DataWait,
    [property: Id(2)] double Forward,
    [property: Id(3)] double Backward,
    [property: Id(4)] double Push);

/// <summary>The gradient by embedding of a worker's micro-batches, one array of blocks per micro-batch.</summary>
[GenerateSerializer]
[Alias("SslOrleans.BackpropOrder")]
public sealed record BackpropOrder(
    [property: Id(0)] string Run,
    [property: Id(1)] long Step,
    [property: Id(2)] MicroBatchRange[] Leaves,
    [property: Id(3)] Dictionary<int, TensorBlock[]> Gradients,
    [property: Id(4)] long Attempt);

/// <summary>Compute one micro-batch of the step under way, and tell its sums instead of pushing them.</summary>
/// <param name="Run">The run.</param>
/// <param name="Step">The step.</param>
/// <param name="Attempt">As in <see cref="Lease"/>.</param>
/// <param name="MicroBatch">Its number in the step.</param>
/// <param name="Gradients">The gradient by embedding that its first worker got; empty for methods whose loss is per micro-batch.</param>
[GenerateSerializer]
[Alias("SslOrleans.VerifyOrder")]
public sealed record VerifyOrder(
    [property: Id(0)] RunBrief Run,
    [property: Id(1)] long Step,
    [property: Id(2)] long Attempt,
    [property: Id(3)] int MicroBatch,
    [property: Id(4)] TensorBlock[] Gradients);

/// <summary>What a micro-batch gave when it was computed for comparison.</summary>
/// <param name="Result">As the answer to a lease has it.</param>
/// <param name="Sums">XXH128 of its gradient by slice, hexadecimal.</param>
[GenerateSerializer]
[Alias("SslOrleans.VerifyResult")]
public sealed record VerifyResult(
    [property: Id(0)] MicroBatchResult Result,
    [property: Id(1)] string[] Sums);

/// <summary>All embeddings of the effective batch, in micro-batch order.</summary>
[GenerateSerializer]
[Alias("SslOrleans.CoupleOrder")]
public sealed record CoupleOrder(
    [property: Id(0)] RunBrief Run,
    [property: Id(1)] long Step,
    [property: Id(2)] TensorBlock[][] Embeddings,
    [property: Id(3)] bool WithLoss,
    [property: Id(4)] long Attempt);

/// <summary>The loss on the whole effective batch, its gradient by embedding per micro-batch, and what the state becomes.</summary>
[GenerateSerializer]
[Alias("SslOrleans.CoupleResult")]
public sealed record CoupleResult(
    [property: Id(0)] float Loss,
    [property: Id(1)] Dictionary<string, float> Reported,
    [property: Id(2)] TensorBlock[][] Gradients,
    [property: Id(3)] StateChangeBlock[] Advance);

/// <summary>What a fresh replica tells: how the flat vector is laid out and how long an epoch is.</summary>
[GenerateSerializer]
[Alias("SslOrleans.RunShape")]
public sealed record RunShape(
    [property: Id(0)] TensorEntry[] Tensors,
    [property: Id(1)] long Samples,
    [property: Id(2)] string DataFingerprint,
    [property: Id(3)] bool Coupled,
    [property: Id(4)] string[] Carried,
    [property: Id(5)] StateValue[] InitialState)
{
    /// <summary>What is odd about the images and stops nothing.</summary>
    [Id(6)]
    public string[] Notes { get; init; } = [];
}
