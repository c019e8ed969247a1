namespace SslOrleans.Grains.Storage;

/// <summary>How long to wait for a blob container, and how often.</summary>
public sealed record AzureStorageOptions
{
    /// <summary>For one try of one call; the largest call moves 8 MiB.</summary>
    public TimeSpan TryTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tries after the first.</summary>
    public int Retries { get; init; } = 4;

    /// <summary>Before the second try; doubles from try to try, with jitter.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest pause between two tries.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>After half of at least ten tries within 30 s have failed, nothing is tried for this long.</summary>
    public TimeSpan Rest { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Records in one append blob before the next one is begun; the service takes no more than 50,000.</summary>
    public int RecordsPerBlob { get; init; } = 50_000;
}
