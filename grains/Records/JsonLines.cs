using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Records;

/// <summary>
/// A growing file of one JSON object a line. A line counts once its line feed is durable; a process that died while it
/// wrote leaves a piece without one, or with zeros where the disk had no data yet, and opening takes that piece off.
/// </summary>
internal sealed class JsonLines
{
    private readonly IRunStorage _storage;

    private JsonLines(IRunStorage storage, string path, long length, string? repair)
        => (_storage, Path, Length, Repair) = (storage, path, length, repair);

    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public string Path { get; }

    /// <summary>Bytes of whole lines.</summary>
    public long Length { get; private set; }

    /// <summary>What was taken off, for people; null when nothing was.</summary>
    public string? Repair { get; }

    /// <summary>Reads all whole lines, without their line feeds, and removes a half-written one.</summary>
    public static async Task<(JsonLines File, List<ReadOnlyMemory<byte>> Lines)> Open(IRunStorage storage, string path, CancellationToken cancellation = default)
    {
        var content = await storage.Read(path, cancellation) ?? [];
        var (lines, length) = Split(content);
        string? repair = null;
        if (length < content.Length)
        {
            repair = $"{path} ended in a half-written line; {content.Length - length} bytes were removed, {lines.Count} whole lines are left.";
            await storage.Truncate(path, length, cancellation);
        }

        return (new JsonLines(storage, path, length, repair), lines);
    }

    /// <summary>Whole lines and their length, without touching the file.</summary>
    public static (List<ReadOnlyMemory<byte>> Lines, int Length) Split(byte[] content)
    {
        var lines = new List<ReadOnlyMemory<byte>>();
        var at = 0;
        while (content.AsSpan(at).IndexOf((byte)'\n') is var end and >= 0)
        {
            lines.Add(content.AsMemory(at, end));
            at += end + 1;
        }

        if (at == content.Length && lines.Count > 0 && lines[^1].Span.Contains((byte)0))
        {
            at -= lines[^1].Length + 1;
            lines.RemoveAt(lines.Count - 1);
        }

        return (lines, at);
    }

    /// <summary>Adds lines that end in a line feed; returns when they are durable.</summary>
    public async Task Append(ReadOnlyMemory<byte> lines, CancellationToken cancellation = default)
        => Length = await _storage.Append(Path, lines, Length, cancellation);
}
