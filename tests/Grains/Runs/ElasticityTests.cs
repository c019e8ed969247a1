using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>Who is slow, strange or on the way out changes no bit.</summary>
public class ElasticityTests
{
    [Fact]
    public async Task ALateWorkersMicroBatchesAreLeasedASecondTime()
    {
        // The newcomer is expected to be as fast as the worker that was measured, and is many times slower.
        var recipe = SmallRuns.Recipe("simclr", "steps=200", "workers.secondLeaseFactor=1");
        await using var cluster = await Cluster.Start(workers: 1);
        Microsoft.Extensions.Hosting.IHost? slow = null;
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e.Kind == RunEventKind.Step && slow is null)
                slow = await cluster.AddSilo(new SiloSettings { Name = "slow", SlowDown = TimeSpan.FromSeconds(2) });
            if (e.Kind == RunEventKind.Late)
                await cluster.Grains.GetGrain<ITrainingRunGrain>("run").Stop();
        });
        await slow!.StopAsync();
        slow.Dispose();
        Assert.Contains(events, e => e.Kind == RunEventKind.Late && e.Worker == "slow/0");
        Assert.Equal(RunPhase.Stopped, status.Phase);

        // The weights, and the credit for the step, are those of whoever was first.
        var entries = (await Ledger.Open(RunStorage.Open(cluster.Folder), "run")).Entries;
        Assert.Equal(Expected(recipe, entries.Count), status.WeightsHash);
        Assert.True(Ledger.Audit(entries, 96, 24, 6).IsExact);
    }

    [Fact]
    public async Task AWorkerOfAnotherNumericsClassIsRefusedWithTheReason()
    {
        var recipe = SmallRuns.Recipe("simclr");
        await using var cluster = await Cluster.Start(workers: 1);
        Microsoft.Extensions.Hosting.IHost? other = null;
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e.Kind == RunEventKind.Step && other is null)
                other = await cluster.AddSilo(new SiloSettings { Name = "other", ThreadsPerWorker = 2 });
        });
        Assert.Equal(RunPhase.Completed, status.Phase);
        var refused = Assert.Single(events, e => e.Kind == RunEventKind.Refused);
        Assert.Contains("2 threads", refused.Text, StringComparison.Ordinal);
        Assert.Contains("allowMixedHardware", refused.Text, StringComparison.Ordinal);
        Assert.Equal(Expected(recipe), status.WeightsHash);
        await other!.StopAsync();
        other.Dispose();
    }

    [Fact]
    public async Task WithNoWorkerTheRunWaitsAndGoesOnWhenOneComes()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=6");
        await using var cluster = await Cluster.Start(workers: 1);
        var worker = cluster.Grains.GetGrain<IWorkerGrain>($"{cluster.Settings.Name}/0");
        var left = false;
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e.Kind == RunEventKind.Step && e.Step == 2)
            {
                await worker.Leave();
                left = true;
            }

            if (e.Kind == RunEventKind.Waiting && left)
                await worker.Join();
        });
        Assert.Equal(RunPhase.Completed, status.Phase);
        Assert.Contains(events, e => e.Kind == RunEventKind.Left);
        Assert.Contains(events, e => e.Kind == RunEventKind.Waiting && e.Step > 0);
        Assert.Equal(Expected(recipe), status.WeightsHash);
    }

    [Fact]
    public async Task ADamagedCheckpointIsPassedOverAndTheStepsAreComputedAgain()
    {
        var recipe = SmallRuns.Recipe("mocov2");
        var folder = Directory.CreateTempSubdirectory("sslo-test-").FullName;
        await using (var cluster = await Cluster.Start(1, folder))
        {
            await cluster.Train("run", recipe, SmallRuns.Images, onEvent: e => e is { Kind: RunEventKind.Step, Step: 7 }
                ? cluster.Grains.GetGrain<ITrainingRunGrain>("run").Stop()
                : Task.CompletedTask);
            Assert.InRange((await Ledger.Open(RunStorage.Open(folder), "run")).Entries.Count, 8, 11);
            var newest = Directory.GetDirectories(Path.Combine(folder, "run", "checkpoints")).Max(d => int.Parse(Path.GetFileName(d)));
            var file = Path.Combine(folder, "run", "checkpoints", $"{newest}", "params.safetensors");
            var bytes = File.ReadAllBytes(file);
            bytes[^5] ^= 1;
            File.WriteAllBytes(file, bytes);

            // Another grain activation: everything comes from the storage.
            var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images, resume: true);
            Assert.Equal(RunPhase.Completed, status.Phase);
            Assert.Contains(events, e => e.Text.Contains("passed over", StringComparison.Ordinal));
            Assert.Equal(Expected(recipe), status.WeightsHash);
        }
    }

    [Fact]
    public async Task ARunThatExistsOrWhoseRecipeChangedIsRefused()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=3");
        await using var cluster = await Cluster.Start(workers: 1);
        await cluster.Train("run", recipe, SmallRuns.Images);
        var grain = cluster.Grains.GetGrain<ITrainingRunGrain>("run");
        var taken = await Assert.ThrowsAnyAsync<Exception>(() => grain.Start(new RunRequest(RecipeReader.Write(recipe), SmallRuns.Images, false)));
        Assert.Contains("--run", taken.Message, StringComparison.Ordinal);
        var changed = SmallRuns.Recipe("simclr", "steps=3", "optimizer.learningRate=0.7");
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => grain.Start(new RunRequest(RecipeReader.Write(changed), SmallRuns.Images, true)));
        Assert.Contains("optimizer.learningRate: 0.3 → 0.7", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("simclr", "loss is NaN")]
    [InlineData("vicreg", "covariance is ")]
    public async Task ANonFiniteLossStopsTheRunBeforeItHarmsTheWeights(string method, string term)
    {
        var recipe = SmallRuns.Recipe(method, "optimizer.learningRate=1e30");
        await using var cluster = await Cluster.Start(workers: 2);
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images);
        Assert.Equal(RunPhase.Failed, status.Phase);
        Assert.Contains("optimizer.learningRate", status.Message, StringComparison.Ordinal);
        Assert.Contains(term, status.Message, StringComparison.Ordinal);
        var ledger = await Ledger.Open(RunStorage.Open(cluster.Folder), "run");
        Assert.All(ledger.Entries, e => Assert.True(float.IsFinite(e.Loss)));
        Assert.NotEmpty(events);
    }

    [Fact]
    public async Task ACollapseIsAWarningOnceAndTheRunGoesOn()
    {
        // Without batch norm and with steps as long as these BYOL's embeddings become one point within a few steps.
        var recipe = SmallRuns.Recipe(
            "byol", "steps=24", "projector.batchNorm=false", "predictor.batchNorm=false", "schedule.warmupFraction=0", "optimizer.scaling=none", "optimizer.learningRate=3");
        await using var cluster = await Cluster.Start(workers: 1);
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images);
        Assert.Equal(RunPhase.Completed, status.Phase);
        Assert.Contains("the embeddings have collapsed", Assert.Single(events, e => e.Kind == RunEventKind.Warning).Text, StringComparison.Ordinal);
        Assert.Contains((await MetricsLog.Read(RunStorage.Open(cluster.Folder), "run"))[^1].Values, v => v is { Key: "embeddingSpread", Value: < 0.02 });
    }

    private static string Expected(Recipe recipe, long? steps = null)
    {
        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var local = new LocalTrainer(recipe, data);
        while (local.Step < (steps ?? local.Plan.TotalSteps))
            local.RunStep();
        return local.WeightsHash;
    }
}
