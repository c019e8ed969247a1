using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SslOrleans.Grains.Records;

/// <summary>A line of <c>signatures.jsonl</c>: somebody who has a key has seen the ledger up to here.</summary>
/// <param name="Steps">Lines of the ledger that are signed: steps 0 … Steps − 1.</param>
/// <param name="Chain">Chain value of the last of them.</param>
/// <param name="Key">Fingerprint of the public key.</param>
/// <param name="Signature">ECDSA P-256 with SHA-256 over <see cref="Content"/>, IEEE P1363, base64.</param>
public sealed record LedgerSignature(long Steps, string Chain, string Key, string Signature)
{
    public const string FileName = "signatures.jsonl";

    /// <summary>What is signed: the recipe file, the images and the ledger up to a line.</summary>
    public static byte[] Content(ReadOnlySpan<byte> recipe, string dataFingerprint, long steps, string chain)
        => Encoding.UTF8.GetBytes($"sslo ledger 1\nrecipe {Convert.ToHexStringLower(SHA256.HashData(recipe))}\ndata {dataFingerprint}\nsteps {steps}\nchain {chain}\n");

    public static LedgerSignature Of(ECDsa key, ReadOnlySpan<byte> recipe, string dataFingerprint, long steps, string chain)
        => new(steps, chain, LedgerKeys.Fingerprint(key), Convert.ToBase64String(key.SignData(Content(recipe, dataFingerprint, steps, chain), HashAlgorithmName.SHA256)));

    /// <summary>The line with its line feed.</summary>
    public byte[] Line() => [.. JsonSerializer.SerializeToUtf8Bytes(this, JsonLines.Options), (byte)'\n'];

    /// <summary>Null when the line is no signature.</summary>
    public static LedgerSignature? Read(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize<LedgerSignature>(line, JsonLines.Options) is { Chain: not null, Key: not null, Signature: not null } read ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public bool IsGood(ECDsa key, ReadOnlySpan<byte> recipe, string dataFingerprint)
    {
        var bytes = new byte[Signature.Length];
        return Convert.TryFromBase64String(Signature, bytes, out var length)
            && key.VerifyData(Content(recipe, dataFingerprint, Steps, Chain), bytes.AsSpan(0, length), HashAlgorithmName.SHA256);
    }
}
