using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Runs;

/// <summary>Signatures over the ledger, where this silo has a key.</summary>
internal sealed class LedgerSigning(RunContext run, Ledger ledger)
{
    private bool _looked;

    /// <summary>Signs the ledger as it stands, when it is time or the end.</summary>
    public async Task Sign(bool atEnd = false)
    {
        var step = run.Progress.Step;
        if (ledger.Entries.Count != step || (!atEnd && step % LedgerSigner.Every != 0))
            return;
        if (run.Services.Signer.HasKey)
            await run.Store(SignNow);
        else if (!_looked)
            await run.Store(SayThatNobodySigns);
    }

    private async Task SignNow()
    {
        try
        {
            await run.Services.Signer.Sign(run.Services.Storage, run.Run, run.Record.DataFingerprint, ledger);
        }
        catch (StorageConflictException)
        {
            // Another leader signs; the ledger itself decides which of the two goes on.
        }
    }

    private async Task SayThatNobodySigns()
    {
        if (await run.Services.Storage.Read($"{run.Run}/{LedgerSignature.FileName}") is not null)
            run.Progress.Tell(RunEventKind.Warning, "this silo has no key: steps are not signed until a silo that was started with --sign leads the run, whose signature covers them");
        _looked = true;
    }
}
