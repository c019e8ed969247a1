using SslOrleans.Contracts;
using Microsoft.Extensions.Hosting;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>A silo that holds slices, method state or the run itself may die: the warm copies take over and no step is rolled back.</summary>
public class ParameterSiloTests
{
    /// <summary>Of a micro-batch: otherwise the run may be over before a death that its events call for.</summary>
    private static readonly TimeSpan s_slow = TimeSpan.FromMilliseconds(30);

    private const string Run = "run";

    [Fact]
    public Task TheSiloOfASliceDiesAndNoStepIsRolledBack() => TheSiloOfASliceDies("byol");

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("simclr")]
    [InlineData("mocov2")]
    [InlineData("simclr", "backbone.batchNorm=sync")]
    public async Task TheSiloOfASliceDies(string method, params string[] overrides)
    {
        var recipe = SmallRuns.Recipe(method, overrides);
        await using var cluster = await Cluster.Start(workers: 2, slowDown: s_slow);
        using var victim = await AddParameterSilo(cluster, $"{Run}/0", betterThan: [cluster.Settings.Name]);
        var (status, events) = await TrainAndKill(cluster, recipe, (5, victim));
        AssertExact(cluster, recipe, status, events);
        Assert.DoesNotContain(events, e => e.Text.Contains("restored checkpoint", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheSiloOfTheRunDiesAndAnotherLeaderGoesOn()
    {
        var recipe = SmallRuns.Recipe("mocov2");
        await using var cluster = await Cluster.Start(workers: 2, slowDown: s_slow);
        using var victim = await AddParameterSilo(cluster, Run, betterThan: [cluster.Settings.Name]);
        var (status, events) = await TrainAndKill(cluster, recipe, (5, victim));
        AssertExact(cluster, recipe, status, events);
        Assert.Contains(events, e => e.Text == "the run has moved to this silo");
        Assert.DoesNotContain(events, e => e.Text.Contains("restored checkpoint", StringComparison.Ordinal));
    }

    /// <summary>The answer to a start may be lost with the silo that gave it: the same request is answered again, and begins the run where nothing is left of it.</summary>
    [Fact]
    public async Task ARequestThatComesAgainAfterItsSiloDiedBeginsTheRunOnAnother()
    {
        var recipe = SmallRuns.Recipe("simclr");
        await using var cluster = await Cluster.Start(workers: 2);
        using var victim = await AddParameterSilo(cluster, Run, betterThan: [cluster.Settings.Name]);
        var request = new RunRequest(RecipeReader.Write(recipe), SmallRuns.Images, Resume: false, "me");
        var grain = cluster.Grains.GetGrain<ITrainingRunGrain>(Run);
        await grain.Start(request);
        await grain.Start(request);
        await Cluster.Kill(victim.Host);
        await Cluster.Ask(() => grain.Start(request));
        var (status, events) = await cluster.Follow(Run);
        AssertExact(cluster, recipe, status, events);

        // Whom it does not belong to is refused, and it is not begun anew when it is over.
        Assert.Contains("exists in", (await Assert.ThrowsAsync<UserErrorException>(() => grain.Start(request with { Id = "you" }))).Message, StringComparison.Ordinal);
        Assert.Equal(RunPhase.Completed, (await grain.Start(request)).Phase);
    }

    [Fact]
    public async Task ACopyIsMadeAgainOnAThirdSilo()
    {
        var recipe = SmallRuns.Recipe("simclr");
        await using var cluster = await Cluster.Start(workers: 2, slowDown: s_slow);
        using var first = await AddParameterSilo(cluster, $"{Run}/0", betterThan: [cluster.Settings.Name]);
        using var second = await AddParameterSilo(cluster, $"{Run}/0", betterThan: [cluster.Settings.Name, first.Name]);
        var (status, events) = await TrainAndKill(cluster, recipe, (4, second), (8, first));
        AssertExact(cluster, recipe, status, events);
        Assert.DoesNotContain(events, e => e.Text.Contains("restored checkpoint", StringComparison.Ordinal));
    }

    /// <summary>The hashes of slice and copy are compared at every commit: a machine that computes wrongly is found.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task ACopyWithOtherBitsStopsTheRun()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=200");
        await using var cluster = await Cluster.Start(workers: 2, slowDown: s_slow);
        using var other = await AddParameterSilo(cluster, $"{Run}/0", betterThan: [cluster.Settings.Name]);
        var grain = cluster.Grains.GetGrain<ITrainingRunGrain>(Run);
        var (status, _) = await cluster.Train(Run, recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e is not { Kind: RunEventKind.Step, Step: 4 })
                return;
            await grain.Pause();
            while ((await grain.Status()).Phase != RunPhase.Paused)
                await Task.Delay(20);
            var copy = cluster.Grains.GetGrain<IWarmCopyGrain>($"{cluster.Settings.Name}/{Run}");
            var origin = await copy.Origin(0);
            await copy.Begin(origin, await copy.Find(0));
            var zeros = Payload.Of(new float[origin.Tensors.Sum(t => t.Length)]);
            foreach (var vector in new[] { "params", "momentum" })
                await copy.Fill(0, vector, zeros);
            await grain.Continue();
        });
        Assert.Equal(RunPhase.Failed, status.Phase);
        Assert.Contains("computes wrongly", status.Message, StringComparison.Ordinal);
    }

    /// <summary>Two deaths at moments that a seed draws: within the pushes, between the slices' commits, before the ledger's line.</summary>
    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("simclr", 12)]
    [InlineData("byol", 12)]
    [InlineData("mocov2", 12)]
    [InlineData("byol", 12, "workers.verify=0.5")]
    public async Task AtAnyMoment(string method, int rounds, params string[] overrides)
    {
        var recipe = SmallRuns.Recipe(method, overrides);
        for (var seed = 0; seed < rounds; seed++)
        {
            var random = new Random(seed);
            await using var cluster = await Cluster.Start(workers: 2, slowDown: s_slow);
            var silos = new List<ParameterSilo>();
            for (var i = 0; i < 3; i++)
                silos.Add(await AddParameterSilo(cluster, $"{Run}/{i}", betterThan: []));
            var killing = new List<Task>();
            var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images, onEvent: e =>
            {
                if (e is { Kind: RunEventKind.Step, Step: 3 or 7 } && killing.Count < silos.Count - 1)
                    killing.Add(KillSoon(silos[killing.Count].Host, random.Next(0, 300)));
                return Task.CompletedTask;
            });
            await Task.WhenAll(killing);
            AssertExact(cluster, recipe, status, events);
            Assert.DoesNotContain(events, e => e.Text.Contains("restored checkpoint", StringComparison.Ordinal));
            silos.ForEach(s => s.Dispose());
        }

        static async Task KillSoon(IHost silo, int milliseconds)
        {
            await Task.Delay(milliseconds);
            await Cluster.Kill(silo);
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task WithoutCopiesTheCheckpointIsRestoredToTheSameBits()
    {
        var recipe = SmallRuns.Recipe("simclr", "workers.warmCopies=false");
        await using var cluster = await Cluster.Start(workers: 2, slowDown: s_slow);
        using var victim = await AddParameterSilo(cluster, $"{Run}/0", betterThan: [cluster.Settings.Name]);
        var (status, events) = await TrainAndKill(cluster, recipe, (6, victim));
        AssertExact(cluster, recipe, status, events);
        Assert.Contains(events, e => e.Text.Contains("restored checkpoint", StringComparison.Ordinal));
    }

    private static async Task<(RunStatus Status, List<RunEvent> Events)> TrainAndKill(Cluster cluster, Recipe recipe, params (long Step, ParameterSilo Silo)[] deaths)
    {
        var pending = new Queue<(long Step, ParameterSilo Silo)>(deaths);
        var trained = await cluster.Train(Run, recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e.Kind == RunEventKind.Step && pending.TryPeek(out var next) && e.Step >= next.Step)
            {
                pending.Dequeue();
                await Cluster.Kill(next.Silo.Host);
            }
        });
        Assert.Empty(pending);
        return trained;
    }

    private static void AssertExact(Cluster cluster, Recipe recipe, RunStatus status, List<RunEvent> events)
    {
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        var entries = Ledger.Open(RunStorage.Open(cluster.Folder), Run).GetAwaiter().GetResult().Entries;
        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var local = new LocalTrainer(recipe, data);
        Assert.Equal(12, entries.Count);
        Assert.All(entries, entry => Assert.Equal(local.RunStep().WeightsHash, entry.Hash));
        Assert.True(Ledger.Audit(entries, data.Samples, 24, 6).IsExact);
    }

    /// <summary>A silo that is the best one for a key, so that the grains of that key live there.</summary>
    private static async Task<ParameterSilo> AddParameterSilo(Cluster cluster, string key, string[] betterThan)
    {
        var name = Enumerable.Range(0, 1000).Select(i => $"{key.Replace('/', '-')}-{i}")
            .First(n => betterThan.All(other => ParameterSilos.Weight(key, n) > ParameterSilos.Weight(key, other)));
        return new ParameterSilo(name, await cluster.AddSilo(SiloHost.WithPorts(new SiloSettings { Name = name, Workers = 0 }), Roles.Parameters));
    }

    private sealed record ParameterSilo(string Name, IHost Host) : IDisposable
    {
        public void Dispose() => Host.Dispose();
    }
}
