using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Tests.Storage;
using SslOrleans.Learning.Training;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>A storage that takes nothing for a while holds a run at its commit and costs nothing else.</summary>
public class StorageOutageTests
{
    private const int OutageAt = 3;

    [Fact]
    public async Task AFullStorageHoldsTheRunAtItsCommitAndNothingIsLost()
    {
        var recipe = SmallRuns.Recipe("mocov2");
        FaultyStorage storage = null!;
        await using var cluster = await Cluster.Start(2, storage: inner => storage = new FaultyStorage(inner));
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>("run");
        var held = new List<RunStatus>();
        var written = -1;
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e is { Kind: RunEventKind.Step, Step: OutageAt })
                storage.Space = 0;
            if (e.Kind != RunEventKind.Waiting || storage.Space is null)
                return;

            // Longer than one try: it goes on asking, and goes nowhere.
            for (var i = 0; i < 4; i++)
            {
                held.Add(await run.Status());
                await Task.Delay(400);
            }

            written = (await Ledger.Open(RunStorage.Open(cluster.Folder), "run")).Entries.Count;
            storage.Space = null;
        });

        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        Assert.All(held, s => Assert.Equal((RunPhase.WaitingForStorage, (long)written), (s.Phase, s.Step)));
        Assert.Equal(4, held.Count);
        Assert.Contains("no space for run/ledger.jsonl", Assert.Single(events, e => e is { Kind: RunEventKind.Waiting, Step: > 0 }).Text, StringComparison.Ordinal);
        Assert.Single(events, e => e is { Kind: RunEventKind.Message, Text: "the storage is back" });
        await IsWhole(cluster, recipe);
    }

    [Fact]
    public async Task AnAppendWhoseAnswerWasLostIsNotWrittenTwice()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=6");
        FaultyStorage storage = null!;
        await using var cluster = await Cluster.Start(1, storage: inner => storage = new FaultyStorage(inner));
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images, onEvent: e =>
        {
            if (e is { Kind: RunEventKind.Step, Step: 1 })
                storage.LostAnswers = 2;
            return Task.CompletedTask;
        });

        Assert.Equal(RunPhase.Completed, status.Phase);
        Assert.Equal(0, storage.LostAnswers);
        Assert.Contains(events, e => e.Kind == RunEventKind.Waiting && e.Text.Contains("no answer", StringComparison.Ordinal));
        await IsWhole(cluster, recipe);
    }

    /// <summary>Every step is in ledger and metrics once, with the bits of a run that nothing happened to; the last checkpoint is whole.</summary>
    private static async Task IsWhole(Cluster cluster, Recipe recipe)
    {
        var storage = RunStorage.Open(cluster.Folder);
        var entries = (await Ledger.Open(storage, "run")).Entries;
        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var local = new LocalTrainer(recipe, data);
        var expected = Enumerable.Range(0, (int)local.Plan.TotalSteps).Select(_ => local.RunStep().WeightsHash).ToList();
        Assert.Equal(expected, entries.Select(e => e.Hash));
        Assert.True(Ledger.Audit(entries, data.Samples, recipe.Batch.Effective, recipe.Batch.MicroBatches).IsExact);
        Assert.Equal(Enumerable.Range(0, expected.Count).Select(i => (long)i), (await MetricsLog.Read(storage, "run")).Select(m => m.Step));
        var checkpoint = (await new CheckpointStore(storage, "run").Newest()).Found!;
        Assert.Equal((expected.Count, expected[^1]), ((int)checkpoint.Step, checkpoint.WeightsHash));
    }
}
