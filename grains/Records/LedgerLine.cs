using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SslOrleans.Grains.Records;

/// <summary>
/// One line of the ledger: the entry as JSON, whose last property <c>chain</c> is SHA-256 over the chain value before and the
/// bytes of the line up to there. It is checked on the bytes, so nothing depends on how a number is printed.
/// The chain shows every accident and every edit that does not rewrite all later lines; it holds no secret.
/// </summary>
internal static class LedgerLine
{
    /// <summary>Chain value before the first line.</summary>
    public static string Beginning { get; } = new('0', SHA256.HashSizeInBytes * 2);

    private static readonly int s_sealLength = Seal(Beginning).Length;

    /// <summary>The line with its line feed, and its chain value.</summary>
    public static (byte[] Line, string Chain) Write(LedgerEntry entry, string before)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(entry, JsonLines.Options).AsSpan()[..^1];
        var chain = Next(before, content);
        return ([.. content, .. Seal(chain), (byte)'\n'], chain);
    }

    /// <summary>Reads a line without its line feed.</summary>
    /// <param name="line">The bytes.</param>
    /// <param name="before">Chain value of the line before.</param>
    /// <param name="step">The step that should stand here.</param>
    /// <exception cref="LedgerException">The line was changed, or is not the one that belongs here.</exception>
    public static LedgerEntry Read(ReadOnlySpan<byte> line, string before, long step)
    {
        var entry = Parse(line, step);
        if (entry.Step != step)
            throw new LedgerException(step, $"The ledger has step {entry.Step} where step {step} belongs: lines are missing, repeated or in another order.");
        var content = line[..^s_sealLength];
        var chain = Next(before, content);
        return line[^s_sealLength..].SequenceEqual(Seal(chain))
            ? entry with { Chain = chain }
            : throw new LedgerException(step, $"The ledger's chain is broken at step {step}: this line, or one before it, is not as it was written.");
    }

    private static LedgerEntry Parse(ReadOnlySpan<byte> line, long step)
    {
        try
        {
            if (line.Length > s_sealLength && JsonSerializer.Deserialize<LedgerEntry>(line, JsonLines.Options) is { } entry)
                return entry;
        }
        catch (JsonException)
        {
        }

        throw new LedgerException(step, $"The ledger's line for step {step} is not a record; the file was damaged or edited.");
    }

    private static string Next(string before, ReadOnlySpan<byte> content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes(before));
        hash.AppendData(content);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static byte[] Seal(string chain) => Encoding.ASCII.GetBytes($",\"chain\":\"{chain}\"}}");
}
