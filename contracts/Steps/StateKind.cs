namespace SslOrleans.Contracts.Steps;

/// <summary>How a named state of a method advances.</summary>
public enum StateKind
{
    /// <summary>First in, first out: new rows overwrite the oldest (MoCo's queue of negatives).</summary>
    Queue,

    /// <summary>Replaced as a whole (DINO's centre).</summary>
    Value,

    /// <summary>One row per sample, written by sample id (NPID's memory bank).</summary>
    Bank,
}
