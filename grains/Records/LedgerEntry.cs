using System.Globalization;
using System.Text.Json.Serialization;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Records;

/// <summary>Micro-batches whose result went into a step.</summary>
/// <param name="Worker">Name of the worker.</param>
/// <param name="Leaves">Whole subtrees, as in <c>0-3</c> or <c>4</c>.</param>
public sealed record LedgerWork(string Worker, string[] Leaves);

/// <summary>Micro-batches that were leased and whose result was not used.</summary>
/// <param name="Worker">Name of the worker.</param>
/// <param name="Leaves">As in <see cref="LedgerWork"/>.</param>
/// <param name="Why">killed, left, late …</param>
public sealed record LedgerLoss(string Worker, string[] Leaves, string Why);

/// <summary>Work of a step that was computed a second time with the same bits, before it counted.</summary>
/// <param name="Part">Number of the micro-batch, or <c>coupling</c>: the loss on the effective batch.</param>
/// <param name="Hash">XXH128 of all that it gave.</param>
/// <param name="By">Who computed it for comparison; the same worker when it was alone.</param>
public sealed record LedgerVerification(string Part, string Hash, string By)
{
    /// <summary>Work as people call it, from its name in the ledger.</summary>
    public static string Name(string part) => part == "coupling" ? "the loss on the effective batch" : $"micro-batch {part}";
}

/// <summary>A worker whose bits differed: what it sent was discarded, and it computes for the run no more.</summary>
/// <param name="Part">As in <see cref="LedgerVerification"/>.</param>
/// <param name="Worker">Name of the worker.</param>
/// <param name="Life">Its life: one that begins anew is admitted again.</param>
public sealed record LedgerDifference(string Part, string Worker, string Life);

/// <summary>One committed step: one line of the ledger.</summary>
public sealed record LedgerEntry
{
    /// <summary>From 0, without gaps. Step t takes version t of the weights to version t + 1.</summary>
    public long Step { get; init; }

    /// <summary>Epoch of the step's first sample.</summary>
    public long Epoch { get; init; }

    /// <summary>First position in the endless order of samples.</summary>
    public long First { get; init; }

    /// <summary>Positions, from <see cref="First"/> on; the effective batch size.</summary>
    public int Count { get; init; }

    /// <summary>Hash of the weights after the step.</summary>
    public string Hash { get; init; } = "";

    /// <summary>Mean over the effective batch.</summary>
    public float Loss { get; init; }

    public double LearningRate { get; init; }

    /// <summary>Who computed what, each micro-batch once.</summary>
    public IReadOnlyList<LedgerWork> Work { get; init; } = [];

    /// <summary>What was computed, or begun, in vain.</summary>
    public IReadOnlyList<LedgerLoss> Lost { get; init; } = [];

    /// <summary>Positions whose own image does not decode, with the image that was used; null when there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ReplacedSample>? Replaced { get; init; }

    /// <summary>What was computed twice and compared (workers.verify); null when nothing was drawn.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LedgerVerification>? Verified { get; init; }

    /// <summary>Who had other bits, so that the step was computed again; null when nobody had.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LedgerDifference>? Differed { get; init; }

    /// <summary>Wall-clock seconds of the step.</summary>
    public double Seconds { get; init; }

    /// <summary>When it was committed.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>The step was computed before, in a life of the run that did not come to record it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Replayed { get; init; }

    /// <summary>SHA-256 over the chain value of the line before and this line's other content; set by the ledger.</summary>
    [JsonIgnore]
    public string Chain { get; init; } = "";

    /// <summary>First and last micro-batch of <c>0-3</c> or <c>4</c>; null when the text is neither.</summary>
    internal static (int First, int Last)? ParseLeaves(string leaves)
    {
        var dash = leaves.IndexOf('-');
        var text = leaves.AsSpan();
        return Number(dash < 0 ? text : text[..dash]) is { } first && Number(text[(dash + 1)..]) is { } last && first <= last
            ? (first, last)
            : null;

        static int? Number(ReadOnlySpan<char> digits)
            => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
