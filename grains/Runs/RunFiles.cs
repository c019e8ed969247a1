using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;

namespace SslOrleans.Grains.Runs;

/// <summary>What a run has on its storage.</summary>
internal sealed record RunFiles(Ledger Ledger, MetricsLog Metrics, CheckpointKeeper Checkpoints)
{
    /// <summary>Opens them, and mends a ledger whose last line was cut.</summary>
    public static async Task<RunFiles> Open(RunContext run)
    {
        var storage = run.Services.Storage;
        Ledger? ledger = null;
        await run.Store(async () => ledger = await Ledger.Open(storage, run.Run));
        if (ledger!.Repair is { } repair)
            run.Progress.Tell(RunEventKind.Message, repair);
        return new RunFiles(
            ledger, new MetricsLog(storage, run.Run), new CheckpointKeeper(storage, run.Run, run.Recipe.Checkpoint, text => run.Progress.Tell(RunEventKind.Message, text)));
    }
}
