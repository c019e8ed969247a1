using System.Security.Cryptography;
using System.Text.Json;

namespace SslOrleans.Grains.Records;

/// <summary>A file of a checkpoint.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Sha256">Hexadecimal.</param>
public sealed record CheckpointFile(long Length, string Sha256)
{
    public static CheckpointFile Of(ReadOnlySpan<byte> content) => new(content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));
}

/// <summary><c>manifest.json</c>, written last: a checkpoint without it does not exist.</summary>
public sealed record CheckpointManifest
{
    public const string FileName = "manifest.json";

    /// <summary>Version of the layout that this code writes.</summary>
    public const int CurrentFormat = 1;

    public int Format { get; init; } = CurrentFormat;

    /// <summary>Commits in the weights.</summary>
    public long Step { get; init; }

    public string WeightsHash { get; init; } = "";

    public string RecipeHash { get; init; } = "";

    /// <summary>By name within the checkpoint's folder.</summary>
    public SortedDictionary<string, CheckpointFile> Files { get; init; } = new(StringComparer.Ordinal);

    /// <summary>SHA-256 of the manifest with this field empty.</summary>
    public string Check { get; init; } = "";

    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this with { Check = Digest() }, Options);

    /// <exception cref="CheckpointException">It was changed, or a newer program wrote it.</exception>
    internal static CheckpointManifest Parse(byte[] content, string path)
    {
        CheckpointManifest? manifest = null;
        try
        {
            manifest = JsonSerializer.Deserialize<CheckpointManifest>(content, Options);
        }
        catch (JsonException)
        {
        }

        if (manifest is { Format: > CurrentFormat })
            throw new CheckpointException($"{path} has format {manifest.Format}, this program reads up to {CurrentFormat}; use the program that wrote it.");

        // Byte for byte, so that not even a damaged name of a field passes as a field left out.
        return manifest is { Files: not null } && manifest.ToBytes().AsSpan().SequenceEqual(content)
            ? manifest
            : throw new CheckpointException($"{path} is damaged: its content does not fit its own hash.");
    }

    private static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private string Digest() => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(this with { Check = "" }, Options)));
}
