using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Training;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>The grains give the bits of the algorithm on one page, for any number of workers.</summary>
public class ExactnessTests
{
    [Theory]
    [InlineData("simclr", 1)]
    [InlineData("simclr", 3)]
    [InlineData("vicreg", 2)]
    [InlineData("mocov2", 3)]
    [InlineData("byol", 2)]
    [InlineData("simclr", 3, "backbone.batchNorm=sync")]
    [InlineData("byol", 2, "backbone.batchNorm=sync")]
    [InlineData("barlowtwins", 1, "backbone.batchNorm=sync")]
    public async Task TheLedgersHashesAreTheLocalTrainers(string method, int workers, params string[] overrides)
    {
        var recipe = SmallRuns.Recipe(method, overrides);
        await using var cluster = await Cluster.Start(workers);
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images);
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));

        var ledger = await Ledger.Open(RunStorage.Open(cluster.Folder), "run");
        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var local = new LocalTrainer(recipe, data);
        foreach (var entry in ledger.Entries)
        {
            var report = local.RunStep();
            Assert.Equal((report.Step, report.WeightsHash, report.Loss), (entry.Step, entry.Hash, entry.Loss));
        }

        Assert.Equal(12, ledger.Entries.Count);
        Assert.True(Ledger.Audit(ledger.Entries, data.Samples, 24, 6).IsExact);
        Assert.Equal(workers, ledger.Entries.SelectMany(e => e.Work).Select(w => w.Worker).Distinct().Count());
    }
}
