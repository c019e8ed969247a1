namespace SslOrleans.Client.Results;

/// <summary>One trained and measured run of a table: what a line of its CSV file says.</summary>
public sealed record ResultsRun
{
    public required string Row { get; init; }

    /// <summary>Name of the recipe.</summary>
    public required string Recipe { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Name of the run; empty for an untrained encoder.</summary>
    public string Run { get; init; } = "";

    /// <summary>Steps in the ledger.</summary>
    public long Steps { get; init; }

    /// <summary>Sample positions in the ledger.</summary>
    public long Samples { get; init; }

    /// <summary>Sum over the steps, s; depends on the machine and on what else it did.</summary>
    public double Seconds { get; init; }

    /// <summary>Effective batch size over the median step; depends on the machine.</summary>
    public double ImagesPerSecond { get; init; }

    /// <summary>After the last step, as in the ledger.</summary>
    public string Weights { get; init; } = "";

    /// <summary>The ledger's chain behind its last line: no line before can be changed without it.</summary>
    public string Ledger { get; init; } = "";

    /// <summary>Numerics class: machines of this class repeat the run to the bit.</summary>
    public string Numerics { get; init; } = "";

    /// <summary>Why it has no values; empty when it has.</summary>
    public string Failed { get; init; } = "";

    /// <summary>linear, knn, rankme … of the last weights; <c>knn.best</c>: the best beside training.</summary>
    public IReadOnlyDictionary<string, double> Values { get; init; } = new Dictionary<string, double>();
}
