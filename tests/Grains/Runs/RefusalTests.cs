using Microsoft.Extensions.DependencyInjection;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Grains.Devices;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;
using static TorchSharp.torch;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>What no worker could do ends the run with the sentence that says so; what lies in one worker lets it wait for another.</summary>
public class RefusalTests
{
    [Theory]
    [InlineData("views.0.count=1", "views describes 1 per image; simclr needs 2")]
    [InlineData("batch.effective=128", "batch.effective is 128, but the data set has only 96 images")]
    public async Task ARecipeThatNoWorkerCanRunEndsTheRun(string change, string expected)
    {
        await using var cluster = await Cluster.Start(workers: 2);
        var (status, events) = await cluster.Train("run", SmallRuns.Recipe("simclr", change), SmallRuns.Images);

        Assert.Equal(RunPhase.Failed, status.Phase);
        Assert.Contains(expected, status.Message, StringComparison.Ordinal);
        Assert.Equal(2, events.Count(e => e.Kind == RunEventKind.Refused));
    }

    [Fact]
    public async Task ImagesThatNoWorkerCanReadEndTheRun()
    {
        var folder = Directory.CreateTempSubdirectory("sslo-test-").FullName;
        File.WriteAllText(Path.Combine(folder, "train-000000.tar"), "no tar");
        await using var cluster = await Cluster.Start(workers: 1);
        var (status, _) = await cluster.Train("run", SmallRuns.Recipe("simclr"), folder);

        Assert.Equal(RunPhase.Failed, status.Phase);
        Assert.Contains("train-000000.tar", status.Message, StringComparison.Ordinal);
        Directory.Delete(folder, true);
    }

    [Fact]
    public async Task AReasonThatLiesInTheWorkerLetsTheRunWaitForAnother()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=3", "workers.threadsPerWorker=2");
        await using var cluster = await Cluster.Start(workers: 0);
        using var unfit = await cluster.AddSilo(new SiloSettings { Name = "unfit", ThreadsPerWorker = 1 });
        Microsoft.Extensions.Hosting.IHost? fit = null;
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e.Kind != RunEventKind.Waiting || fit is not null)
                return;
            Assert.Contains("(refused: unfit/0: ", e.Text, StringComparison.Ordinal);
            var waiting = await cluster.Grains.GetGrain<ITrainingRunGrain>("run").Status();
            Assert.Equal(RunPhase.WaitingForWorkers, waiting.Phase);
            fit = await cluster.AddSilo(new SiloSettings { Name = "fit", ThreadsPerWorker = 2 });
        });
        await fit!.StopAsync();
        fit.Dispose();
        await unfit.StopAsync();

        var refused = Assert.Single(events, e => e.Kind == RunEventKind.Refused);
        Assert.Contains("start it with --threads 2", refused.Text, StringComparison.Ordinal);
        Assert.Equal(RunPhase.Completed, status.Phase);
    }

    [Fact]
    public async Task OneWorkersDataAreNotTheEndOfARunThatAnotherCanCompute()
    {
        await using var cluster = await Cluster.Start(workers: 2, replace: services => services
            .AddSingleton<WorkerEnvironment>()
            .AddSingleton<IWorkerEnvironment>(s => new FirstIsUnreadable(s.GetRequiredService<WorkerEnvironment>())));
        var (status, events) = await cluster.Train("run", SmallRuns.Recipe("simclr", "steps=3"), SmallRuns.Images);

        Assert.Contains(events, e => e.Kind == RunEventKind.Refused && e.Text.Contains("planted", StringComparison.Ordinal));
        Assert.Equal(RunPhase.Completed, status.Phase);
    }

    /// <summary>Whoever opens the images first finds them damaged.</summary>
    private sealed class FirstIsUnreadable(IWorkerEnvironment silo) : IWorkerEnvironment
    {
        private int _opened;

        public Device Device(int index) => silo.Device(index);

        public string NumericsClass(int index) => silo.NumericsClass(index);

        public ITrainingData Open(Recipe recipe, string dataPath) => Interlocked.Increment(ref _opened) == 1
            ? throw new UserErrorException("planted: a shard is damaged") { Reason = RefusalReason.Data }
            : silo.Open(recipe, dataPath);
    }
}
