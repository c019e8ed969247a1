using System.Security.Cryptography;
using SslOrleans.Contracts;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Records;

/// <summary>
/// The key of this silo, if it was started with one. It stays in this process: what travels and what is stored are signatures. A run is signed
/// while a silo with a key leads it.
/// </summary>
public sealed class LedgerSigner(ECDsa? key) : IDisposable
{
    /// <summary>Commits from one signature to the next; the last one is signed too.</summary>
    public const int Every = 10;

    /// <param name="path">Of the private key; null: this silo signs nothing.</param>
    /// <param name="storage">Where runs are kept.</param>
    /// <exception cref="UserErrorException">The file holds no private key, or lies among the runs.</exception>
    public static LedgerSigner Open(string? path, string storage)
    {
        if (path is null)
            return new LedgerSigner(null);
        if (!Path.GetRelativePath(storage, path).StartsWith("..", StringComparison.Ordinal) && !Path.IsPathRooted(Path.GetRelativePath(storage, path)))
            throw new UserErrorException($"--sign {path} lies in {storage}, which is shown and copied with the runs; keep the key elsewhere.");
        return new LedgerSigner(LedgerKeys.ReadPrivate(path));
    }

    public bool HasKey => key is not null;

    /// <summary>Adds a signature over the ledger as it stands; whoever leads a run calls it, and nobody else.</summary>
    /// <exception cref="StorageUnavailableException">The storage does not take it; call again.</exception>
    public async Task Sign(IRunStorage storage, string run, string dataFingerprint, Ledger ledger)
    {
        if (key is null || ledger.Entries.Count == 0)
            return;
        var recipe = await storage.Read($"{run}/{Runs.RunRecord.RecipeFileName}") ?? [];
        var (file, lines) = await JsonLines.Open(storage, $"{run}/{LedgerSignature.FileName}");
        var signature = LedgerSignature.Of(key, recipe, dataFingerprint, ledger.Entries.Count, ledger.Chain);
        if (lines.Count > 0 && LedgerSignature.Read(lines[^1].Span) is { } last && (last.Steps, last.Chain, last.Key) == (signature.Steps, signature.Chain, signature.Key))
            return;
        await file.Append(signature.Line());
    }

    public void Dispose() => key?.Dispose();
}
