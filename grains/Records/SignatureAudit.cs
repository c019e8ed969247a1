using System.Security.Cryptography;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Records;

/// <summary>What somebody who has only the public key can say of a run's ledger.</summary>
/// <param name="Key">Fingerprint of the public key.</param>
/// <param name="Signed">Steps 0 … Signed − 1 are as they were signed.</param>
/// <param name="Lines">Lines of the ledger.</param>
/// <param name="Signatures">Good signatures of the key.</param>
/// <param name="Others">Fingerprints of other keys that signed lines too.</param>
/// <param name="Problem">The first bad line; null: none.</param>
public sealed record SignatureAudit(string Key, long Signed, long Lines, int Signatures, IReadOnlyList<string> Others, string? Problem)
{
    /// <exception cref="StorageUnavailableException">The storage does not answer.</exception>
    public static async Task<SignatureAudit> Of(IRunStorage storage, string run, byte[] recipe, string dataFingerprint, ECDsa key, CancellationToken cancellation)
    {
        var (entries, broken) = await Ledger.ReadSound(storage, run, cancellation);
        var lines = JsonLines.Split(await storage.Read($"{run}/{LedgerSignature.FileName}", cancellation) ?? []).Lines;
        var own = LedgerKeys.Fingerprint(key);
        var (signed, good, others) = (0L, 0, new HashSet<string>());
        string? problem = null;
        for (var i = 0; i < lines.Count && problem is null; i++)
        {
            var where = $"{LedgerSignature.FileName} line {i + 1}";
            var signature = LedgerSignature.Read(lines[i].Span);
            if (signature is null)
                problem = $"{where} is no signature; the file was damaged or edited";
            else if (signature.Key != own)
                others.Add(signature.Key);
            else if (signature.Steps < 1 || !signature.IsGood(key, recipe, dataFingerprint))
                problem = $"{where} (steps 0 to {signature.Steps - 1}) is no signature of this key on this recipe, these images and this chain; it was changed, or they were";
            else if (signature.Steps <= entries.Count && signature.Chain == entries[(int)signature.Steps - 1].Chain)
                (signed, good) = (signature.Steps, good + 1);
            else if (broken is null)
                problem = signature.Steps > entries.Count
                    ? $"{Ledger.FileName} ends at line {entries.Count}, but {where} has signed line {signature.Steps}: lines are missing"
                    : $"{Ledger.FileName}: a line from {signed + 1} to {signature.Steps} is not as it was signed ({where}); its chain was written anew";
        }

        if (broken is not null)
            problem = $"{Ledger.FileName} line {broken.Step + 1}: {broken.Message}";
        return new SignatureAudit(own, signed, entries.Count, good, [.. others], problem ?? (good == 0 ? "no line is signed by this key" : null));
    }

    /// <summary>One line for people.</summary>
    public string Verdict
        => (Problem is null ? "" : $"{Problem}; ")
            + (Signed > 0 ? $"signed by {Key} up to step {Signed - 1} ({Signatures} signature{(Signatures == 1 ? "" : "s")})" : $"nothing is signed by {Key}")
            + (Problem is null && Lines > Signed ? $"; steps {Signed} to {Lines - 1} are not signed" : "")
            + (Others.Count > 0 ? $"; others signed too: {string.Join(", ", Others)}" : "");
}
