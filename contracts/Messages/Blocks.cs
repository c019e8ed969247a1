using Orleans.Concurrency;

namespace SslOrleans.Contracts.Messages;

/// <summary>Named float32 values, rows first: an embedding or its gradient. The worker that made it keeps it until its next step.</summary>
[GenerateSerializer]
[Alias("SslOrleans.TensorBlock")]
public sealed record TensorBlock(
    [property: Id(0)] string Name,
    [property: Id(1)] long[] Shape,
    [property: Id(2)] Payload Values,
    [property: Id(3)] bool RequiresGradient);

/// <summary>A partial gradient sum over a subtree, for one slice.</summary>
/// <param name="Run">Run id.</param>
/// <param name="Step">Step whose gradient it is; also the version that it was computed on.</param>
/// <param name="Leaves">The micro-batches in the sum.</param>
/// <param name="Values">float32 values of the slice; the sender keeps them until the slice has answered.</param>
[GenerateSerializer]
[Alias("SslOrleans.PartialSum")]
public sealed record PartialSum(
    [property: Id(0)] string Run,
    [property: Id(1)] long Step,
    [property: Id(2)] MicroBatchRange Leaves,
    [property: Id(3)] Payload Values,
    [property: Id(4)] string Sender)
{
    /// <summary>As in <see cref="Lease"/>.</summary>
    [Id(5)]
    public long Attempt { get; init; }

    /// <summary>One micro-batch that was drawn to be computed by a second worker too: the slice keeps the hash of what it takes.</summary>
    [Id(6)]
    public bool Drawn { get; init; }
}

/// <summary>A drawn micro-batch's gradient as a slice took it.</summary>
/// <param name="MicroBatch">Its number in the step.</param>
/// <param name="Sender">Life of the worker whose values count.</param>
/// <param name="Hash">XXH128 of the slice's values, hexadecimal.</param>
[GenerateSerializer]
[Alias("SslOrleans.DrawnSum")]
public sealed record DrawnSum(
    [property: Id(0)] int MicroBatch,
    [property: Id(1)] string Sender,
    [property: Id(2)] string Hash);

/// <summary>What a commit of a slice tells.</summary>
/// <param name="Version">Commits in the slice.</param>
/// <param name="Hash">XXH128 of its parameters, hexadecimal.</param>
/// <param name="GradientSquares">Σ g² of the step.</param>
/// <param name="GradientMaximum">max |g| of the step.</param>
[GenerateSerializer]
[Alias("SslOrleans.SliceCommit")]
public sealed record SliceCommit(
    [property: Id(0)] long Version,
    [property: Id(1)] string Hash,
    [property: Id(2)] double GradientSquares,
    [property: Id(3)] float GradientMaximum)
{
    /// <summary>Silo that has the slice's warm copy; empty without one.</summary>
    [Id(4)]
    public string CopyOn { get; init; } = "";

    /// <summary>What was wrong with a copy since the last commit, for people; empty: nothing.</summary>
    [Id(5)]
    public string Trouble { get; init; } = "";
}

/// <summary>A change in one named state of a method.</summary>
[GenerateSerializer]
[Alias("SslOrleans.StateChangeBlock")]
public sealed record StateChangeBlock(
    [property: Id(0)] string Name,
    [property: Id(1)] Immutable<byte[]> Values,
    [property: Id(2)] long[]? SampleIds);

/// <summary>All changes of one step in a method's state.</summary>
[GenerateSerializer]
[Alias("SslOrleans.StateStep")]
public sealed record StateStep(
    [property: Id(0)] long Step,
    [property: Id(1)] StateChangeBlock[] Changes);

/// <summary>A named state as it stands; without values (of length 0) only its shape.</summary>
[GenerateSerializer]
[Alias("SslOrleans.StateValue")]
public sealed record StateValue(
    [property: Id(0)] string Name,
    [property: Id(1)] StateKind Kind,
    [property: Id(2)] long[] Shape,
    [property: Id(3)] long Pushed,
    [property: Id(4)] Payload Values);

/// <summary>What brings a replica of a method's state up to date: the steps since, or everything when it is too far behind.</summary>
[GenerateSerializer]
[Alias("SslOrleans.StateCatchUp")]
public sealed record StateCatchUp(
    [property: Id(0)] long Version,
    [property: Id(1)] StateStep[] Steps,
    [property: Id(2)] StateValue[] Whole);
