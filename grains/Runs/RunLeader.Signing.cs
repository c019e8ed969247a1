using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Runs;

/// <summary>Signatures over the ledger, where this silo has a key.</summary>
internal sealed partial class RunLeader
{
    private bool? _signs;

    /// <summary>Signs the ledger as it stands, when it is time or the end.</summary>
    private async Task Sign(bool atEnd = false)
    {
        if (_ledger!.Entries.Count != _step || (!atEnd && _step % LedgerSigner.Every != 0))
            return;
        if (_signer.HasKey)
        {
            await Storing(async () =>
            {
                try
                {
                    await _signer.Sign(_storage, _run, _record.DataFingerprint, _ledger);
                }
                catch (StorageConflictException)
                {
                    // Another leader signs; the ledger itself decides which of the two goes on.
                }
            });
        }
        else if (_signs is null)
        {
            await Storing(async () => _signs = await _storage.Read($"{_run}/{LedgerSignature.FileName}") is not null);
            if (_signs is true)
                Tell("warning", "this silo has no key: steps are not signed until a silo that was started with --sign leads the run, whose signature covers them");
        }
    }
}
