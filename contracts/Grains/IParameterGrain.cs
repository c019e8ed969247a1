using Orleans.Concurrency;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Contracts.Grains;

/// <summary>A slice of the parameters with its optimiser state. Key: run/slice.</summary>
[Alias("SslOrleans.IParameterGrain")]
public interface IParameterGrain : IGrainWithStringKey
{
    /// <summary>Makes an empty slice ready for <see cref="Load"/>.</summary>
    Task Create(string recipe, TensorEntry[] tensors);

    /// <summary>Initial float32 values; the slice is at version 0 then.</summary>
    [ResponseTimeout("00:02:00")]
    Task Load(Payload values);

    /// <summary>Puts a checkpoint back.</summary>
    [ResponseTimeout("00:10:00")]
    Task Restore(string recipe, TensorEntry[] tensors, long version);

    /// <summary>float32 values at a version; kept until the version after the next one.</summary>
    /// <exception cref="OutdatedException">The slice is at another version.</exception>
    [AlwaysInterleave]
    Task<Payload> Pull(long version);

    /// <summary>Takes a partial sum; returns when it has the values. Duplicates and late sums change nothing.</summary>
    [AlwaysInterleave]
    [ResponseTimeout("00:02:00")]
    Task Push(PartialSum sum);

    /// <summary>The drawn micro-batches' sums that the complete sum of a step is made of.</summary>
    /// <exception cref="StateLostException">The sum is not complete.</exception>
    Task<DrawnSum[]> Drawn(long step);

    /// <summary>Forgets what came of a step; from then on only sums of this try at it count.</summary>
    Task Discard(long step, long attempt);

    /// <summary>
    /// Σ g² and max |g| of the complete sum, for clipping by the global norm. Returns when the warm copy, if there is one, has the
    /// sum too.
    /// </summary>
    [ResponseTimeout("00:02:00")]
    Task<SliceCommit> Measure(long step);

    /// <summary>What is about to be committed, kept with the first slice and its copy for a leader that comes after this one.</summary>
    Task Intend(StepIntent intent);

    /// <summary>
    /// Applies the optimiser here and in the warm copy once the sum is complete; a repeated call returns the first one's result.
    /// </summary>
    [ResponseTimeout("00:02:00")]
    Task<SliceCommit> Apply(StepSchedule rates, double clip);

    /// <summary>The slice's parameters and optimiser state at the present version, tensor by tensor, for a checkpoint.</summary>
    [ResponseTimeout("00:02:00")]
    Task<SliceSnapshot> Snapshot();

    /// <summary>Where the slice stands; one that lost its silo has taken its warm copy's place.</summary>
    Task<SliceStand> Stand();

    /// <summary>What it holds, for people.</summary>
    [AlwaysInterleave]
    Task<SliceFacts> GetState();
}

/// <summary>The EMA teacher's slice. Key: run/slice.</summary>
[Alias("SslOrleans.ITeacherGrain")]
public interface ITeacherGrain : IGrainWithStringKey
{
    /// <summary>Starts as the student (cookbook §2.3).</summary>
    /// <returns>The silo that it lives on, as <see cref="Restore"/> and <see cref="Follow"/> do.</returns>
    [ResponseTimeout("00:02:00")]
    Task<string> Create(TensorEntry[] tensors, long version, Payload student);

    [ResponseTimeout("00:10:00")]
    Task<string> Restore(TensorEntry[] tensors, long version);

    /// <summary>θt ← ξθt + (1−ξ)θs for version <paramref name="step"/> + 1; a repeated call changes nothing.</summary>
    [ResponseTimeout("00:02:00")]
    Task<string> Follow(long step, double momentum, Payload student);

    /// <summary>float32 values at a version.</summary>
    /// <exception cref="OutdatedException">The teacher is at another version.</exception>
    [AlwaysInterleave]
    Task<Payload> Pull(long version);

    [ResponseTimeout("00:02:00")]
    Task<SliceSnapshot> Snapshot();

    /// <summary>Its version; −1 when it holds nothing.</summary>
    Task<long> Stand();

    /// <summary>What it holds, for people.</summary>
    [AlwaysInterleave]
    Task<TeacherFacts> GetState();
}

/// <summary>Values of a slice that a checkpoint writes: whole vectors in slice order.</summary>
[GenerateSerializer]
[Alias("SslOrleans.SliceSnapshot")]
public sealed record SliceSnapshot(
    [property: Id(0)] long Version,
    [property: Id(1)] Dictionary<string, Payload> Vectors);
