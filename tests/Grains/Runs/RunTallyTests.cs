using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>What nobody asked for is counted, and told once at the end.</summary>
public class RunTallyTests
{
    [Fact]
    public void NothingIsToldWhereThereIsNothing()
        => Assert.Null(RunTally.Of([new LedgerEntry { Work = [new("a/0", ["0-3"])] }], [1, 2], 0, []));

    [Fact]
    public void EachKindIsCountedOverAllSteps()
    {
        LedgerEntry[] ledger =
        [
            new() { Replaced = [new(3, 7, 8), new(5, 9, 10)], Lost = [new("a/0", ["0-1"], "killed")] },
            new() { Step = 1, Replaced = [new(40, 7, 8)], Lost = [new("a/0", ["2"], "late"), new("b/0", ["3"], "left")], Differed = [new("2", "b/0", "x")] },
        ];
        Assert.Equal(
            "in all: 2 images replaced at 3 positions, because they do not decode (`sslo audit` lists them); gradients of 2 of 3 steps clipped to optimizer.clipGradientNorm 1.5; "
            + "3 leases of workers that left, died or were late computed by others (a/0: 2, b/0: 1); 1 result with other bits discarded; converted: 3 of the 16 images",
            RunTally.Of(ledger, [1, 2, 3], 1.5, ["converted: 3 of the 16 images"]));
    }

    [Fact]
    public async Task ARunThatIsResumedCountsFromItsBeginning()
    {
        // Every gradient is longer than this.
        var recipe = SmallRuns.Recipe("simclr", "steps=6", "optimizer.clipGradientNorm=1e-6");
        await using var cluster = await Cluster.Start(workers: 1);
        var (_, stopped) = await cluster.Train("run", recipe, SmallRuns.Images, onEvent: e => e is { Kind: RunEventKind.Step, Step: 2 }
            ? cluster.Grains.GetGrain<SslOrleans.Contracts.Grains.ITrainingRunGrain>("run").Stop()
            : Task.CompletedTask);
        Assert.Single(stopped, e => e.Text.StartsWith("in all: gradients of ", StringComparison.Ordinal));
        var (_, events) = await cluster.Train("run", recipe, SmallRuns.Images, resume: true);
        Assert.Contains(events, e => e.Text == "in all: gradients of 6 of 6 steps clipped to optimizer.clipGradientNorm 1E-06");
    }
}
