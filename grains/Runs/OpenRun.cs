using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Grains.Runs;

/// <summary>A run whose files are open, and the parts of leading it that work on them.</summary>
internal sealed record OpenRun(RunFiles Files, ImageNews Images, VerifiedSteps Steps, StepCommit Commits, RunRecovery Recovery, LedgerSigning Signing)
{
    public static async Task<OpenRun> Of(RunContext run)
    {
        var files = await RunFiles.Open(run);
        var images = new ImageNews(run.Progress, files.Ledger, run.Recipe.Data.Modality == Modality.TextImage);
        var commits = new StepCommit(run, files, images);
        return new OpenRun(files, images, new VerifiedSteps(run, files.Ledger), commits, new RunRecovery(run, files, images, commits), new LedgerSigning(run, files.Ledger));
    }
}
