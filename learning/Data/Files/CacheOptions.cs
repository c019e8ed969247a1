namespace SslOrleans.Learning.Data;

/// <summary>What a worker keeps of files that lie elsewhere.</summary>
public sealed record CacheOptions
{
    /// <summary>Folder on a local disk; null: nothing is kept there.</summary>
    public string? Folder { get; init; }

    /// <summary>Most bytes in the folder, blocks of other data sets included.</summary>
    public long Limit { get; init; } = 20L << 30;

    /// <summary>Bytes that are read, kept and read ahead at a time.</summary>
    public int BlockLength { get; init; } = 4 << 20;

    /// <summary>Blocks that are kept in memory.</summary>
    public int MemoryBlocks { get; init; } = 8;

    /// <summary>
    /// From the environment: <c>SSLO_DATA_CACHE</c> (a folder, or "off"; by default <c>sslorleans</c> in the user's cache folder) and
    /// <c>SSLO_DATA_CACHE_GB</c>.
    /// </summary>
    /// <exception cref="Contracts.UserErrorException">The size is no number.</exception>
    public static CacheOptions FromEnvironment()
    {
        var folder = Environment.GetEnvironmentVariable("SSLO_DATA_CACHE");
        if (string.IsNullOrEmpty(folder))
            folder = Path.Combine(UserCache(), "sslorleans");
        var options = new CacheOptions { Folder = folder == "off" ? null : folder };
        var size = Environment.GetEnvironmentVariable("SSLO_DATA_CACHE_GB");
        if (string.IsNullOrEmpty(size))
            return options;
        if (!double.TryParse(size, System.Globalization.CultureInfo.InvariantCulture, out var gigabytes) || !(gigabytes >= 0))
            throw new Contracts.UserErrorException($"SSLO_DATA_CACHE_GB is \"{size}\"; give a number of gigabytes, or leave it out for 20.");
        return options with { Limit = (long)(gigabytes * 1e9) };
    }

    private static string UserCache()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } said)
            return said;
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length > 0 ? Path.Combine(home, ".cache") : Path.GetTempPath();
    }
}
