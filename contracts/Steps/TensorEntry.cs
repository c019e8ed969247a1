namespace SslOrleans.Contracts.Steps;

/// <summary>How a tensor changes at a commit.</summary>
public enum TensorKind
{
    /// <summary>By the optimiser.</summary>
    Trained,

    /// <summary>Never (K50's frozen patch projection).</summary>
    Frozen,

    /// <summary>A running mean or variance of batch norm: moved towards the step's batch statistic.</summary>
    Statistic,

    /// <summary>A parameter of the online probe: by an optimiser of its own; no norm, hash or teacher knows of it.</summary>
    Probe,
}

/// <summary>One tensor's place in the flat vector of a run.</summary>
/// <param name="Name">Key in the state dictionary; the teacher's statistics carry the prefix <c>teacher.</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Offset">First element in the flat vector.</param>
/// <param name="Length">Number of elements.</param>
/// <param name="Kind">How it changes.</param>
/// <param name="Followed">The teacher follows it by EMA.</param>
[GenerateSerializer]
[Alias("SslOrleans.TensorEntry")]
public sealed record TensorEntry(
    [property: Id(0)] string Name,
    [property: Id(1)] long[] Shape,
    [property: Id(2)] int Offset,
    [property: Id(3)] int Length,
    [property: Id(4)] TensorKind Kind,
    [property: Id(5)] bool Followed)
{
    /// <summary>Prefix of the teacher's own batch-norm statistics.</summary>
    public const string TeacherPrefix = "teacher.";

    /// <summary>First part of the name: backbone, projector, predictor …</summary>
    public string Group => Name[..Name.IndexOf('.')];

    /// <summary>A bias or a norm parameter: one dimension.</summary>
    public bool IsBiasOrNorm => Shape.Length <= 1;
}
