using Microsoft.Extensions.DependencyInjection;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Workers;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>A worker whose processor or memory gives a wrong bit is found before the bit counts, where workers.verify draws it.</summary>
public class VerificationTests
{
    private const string Run = "run";

    [Theory]
    [InlineData("simclr", "workers.verify=0.3")]
    [InlineData("byol", "workers.verify=0.3")]
    [InlineData("mocov2", "workers.verify=1")]
    [InlineData("simclr", "workers.verify=0.3", "backbone.batchNorm=sync")]
    public async Task AWorkerWithAFlippedBitIsNamedAndRefusedAndTheWeightsAreRight(string method, params string[] overrides)
    {
        var recipe = SmallRuns.Recipe(method, overrides);
        var (plan, flips) = (new RunPlan(recipe, 96), 0);
        await using var cluster = await Cluster.Start(3, replace: FaultyWorkers.Replace((worker, step, m)
            => worker == 1 && step >= 3 && plan.Drawn(step).MicroBatches.Contains(m) && Interlocked.Increment(ref flips) == 1));
        var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images);
        var bad = $"{cluster.Settings.Name}/1";
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        Assert.Contains("it had other bits for micro-batch", Assert.Single(events, e => e.Kind == RunEventKind.Refused && e.Worker == bad).Text, StringComparison.Ordinal);
        var entries = AssertExact(cluster, recipe);
        var entry = Assert.Single(entries, e => e.Differed is not null);
        Assert.Equal(bad, Assert.Single(entry.Differed!).Worker);
        Assert.Contains(entry.Lost, l => l.Why == "discarded");
        Assert.DoesNotContain(entries.Skip((int)entry.Step), e => e.Work.Any(w => w.Worker == bad));
        Assert.All(entries, e => Assert.Equal(plan.Drawn(e.Step).MicroBatches.Select(m => $"{m}"), (e.Verified ?? []).Select(v => v.Part).Where(p => p != "coupling")));
    }

    /// <summary>The fault is one: where nothing is compared it is in the weights.</summary>
    [Fact]
    public async Task WithoutVerificationTheBitIsInTheWeights()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=4");
        await using var cluster = await Cluster.Start(3, replace: FaultyWorkers.Replace((worker, step, m) => step == 3 && m == 2));
        var (status, _) = await cluster.Train(Run, recipe, SmallRuns.Images);
        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var local = new LocalTrainer(recipe, data);
        var expected = Enumerable.Range(0, 4).Select(_ => local.RunStep().WeightsHash).ToList();
        Assert.Equal(RunPhase.Completed, status.Phase);
        var hashes = (await Ledger.Read(RunStorage.Open(cluster.Folder), Run)).Select(e => e.Hash).ToList();
        Assert.Equal(expected[..3], hashes[..3]);
        Assert.NotEqual(expected[3], hashes[3]);
    }

    [Fact]
    public async Task OfTwoWorkersTheOneThatContradictsItselfIsRefused()
    {
        var recipe = SmallRuns.Recipe("simclr", "workers.verify=1");
        var flips = 0;
        await using var cluster = await Cluster.Start(2, replace: FaultyWorkers.Replace((worker, step, m) => worker == 1 && step == 5 && Interlocked.Increment(ref flips) == 1));
        var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images);
        Assert.Equal(RunPhase.Completed, status.Phase);
        Assert.Single(events, e => e.Kind == RunEventKind.Refused && e.Worker == $"{cluster.Settings.Name}/1");
        Assert.Contains(events, e => e.Text.Contains("no second worker is here", StringComparison.Ordinal));
        AssertExact(cluster, recipe);
    }

    [Fact]
    public async Task TwoWorkersThatDifferForEverStopTheRunWithBothNames()
    {
        var recipe = SmallRuns.Recipe("simclr", "workers.verify=1");
        await using var cluster = await Cluster.Start(2, replace: FaultyWorkers.Replace((worker, step, m) => worker == 1 && step == 5));
        var (status, _) = await cluster.Train(Run, recipe, SmallRuns.Images);
        Assert.Equal((RunPhase.Failed, 5L), (status.Phase, status.Step));
        Assert.Contains($"{cluster.Settings.Name}/0", status.Message, StringComparison.Ordinal);
        Assert.Contains($"{cluster.Settings.Name}/1", status.Message, StringComparison.Ordinal);
        Assert.Contains("third worker", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AWorkerThatIsAloneIsHeldAgainstItselfAndRefusedAcrossAResume()
    {
        var recipe = SmallRuns.Recipe("simclr", "workers.verify=1");
        var flips = 0;
        await using var cluster = await Cluster.Start(1, replace: FaultyWorkers.Replace((_, step, _) => step == 5 && Interlocked.Increment(ref flips) == 1));
        Microsoft.Extensions.Hosting.IHost? other = null;
        var bad = $"{cluster.Settings.Name}/0";
        var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e is { Kind: RunEventKind.Waiting, Step: 5 })
                other ??= await cluster.AddSilo(new SiloSettings { Name = "other" });
            if (e is { Kind: RunEventKind.Step, Step: 8 })
                await cluster.Grains.GetGrain<ITrainingRunGrain>(Run).Stop();
        });
        Assert.Equal(RunPhase.Stopped, status.Phase);
        Assert.Single(events, e => e.Kind == RunEventKind.Refused && e.Worker == bad);

        // The ledger knows it.
        (status, _) = await cluster.Train(Run, recipe, SmallRuns.Images, resume: true);
        Assert.Equal(RunPhase.Completed, status.Phase);
        var entries = AssertExact(cluster, recipe);
        Assert.All(entries.Skip(5), e => Assert.Equal("other/0", Assert.Single(e.Work).Worker));
        await other!.StopAsync();
        other.Dispose();
    }

    [Fact]
    public async Task AWrongLossOnTheEffectiveBatchIsFoundToo()
    {
        MethodCatalog.AddUnlisted(typeof(Glitch));
        var recipe = SmallRuns.Recipe("glitch", "workers.verify=1");
        await using var cluster = await Cluster.Start(3);
        Glitch.At = 6;
        var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images);
        Glitch.At = -1;
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        Assert.Contains("other bits for the loss on the effective batch", Assert.Single(events, e => e.Kind == RunEventKind.Refused).Text, StringComparison.Ordinal);
        Assert.Equal((6, "coupling"), AssertExact(cluster, recipe).Where(e => e.Differed is not null).Select(e => (e.Step, Assert.Single(e.Differed!).Part)).Single());
    }

    /// <summary>What is still on its way when a step is given up must not count, and what counts is told with its sender.</summary>
    [Fact]
    public async Task SumsOfATryThatWasGivenUpDoNotCount()
    {
        await using var cluster = await Cluster.Start(workers: 0);
        var grain = cluster.Grains.GetGrain<IParameterGrain>($"{Run}/0");
        await grain.Create(RecipeReader.Write(SmallRuns.Recipe("simclr", "batch.effective=8")), [new TensorEntry("w", [2], 0, 2, 0, false)]);
        await grain.Load(Payload.Of([1f, 2f]));
        await Push(0, "a", attempt: 1, 1f);
        await grain.Discard(0, attempt: 2);
        await Push(0, "a", attempt: 1, 1f);
        await Assert.ThrowsAsync<StateLostException>(() => grain.Drawn(0));
        await Push(0, "b", attempt: 2, 2f);
        await Push(1, "b", attempt: 2, 3f);
        Assert.Equal(["0 of b", "1 of b"], (await grain.Drawn(0)).OrderBy(d => d.MicroBatch).Select(d => $"{d.MicroBatch} of {d.Sender}"));
        Assert.Equal(50, (await grain.Measure(0)).GradientSquares);

        Task Push(int microBatch, string sender, long attempt, float value) => grain.Push(
            new PartialSum(Run, 0, new MicroBatchRange(microBatch, 1), Payload.Of([value, value]), sender) { Attempt = attempt, Drawn = true });
    }

    /// <summary>Drawn micro-batches by themselves, the rest in the fewest subtrees; nothing twice, nothing lost.</summary>
    [Fact]
    public void DrawnMicroBatchesTravelApart()
    {
        var plan = new RunPlan(SmallRuns.Recipe("simclr", "workers.verify=0.3", "batch.effective=64"), 96);
        for (var step = 0; step < 50; step++)
        {
            var apart = GradientPush.Apart(plan, step, [new MicroBatchRange(0, 8), new MicroBatchRange(12, 4)]);
            Assert.Equal([.. Enumerable.Range(0, 8), .. Enumerable.Range(12, 4)], apart.SelectMany(l => Enumerable.Range(l.Start, l.Size)).Order());
            Assert.All(plan.Drawn(step).MicroBatches.Where(m => m is < 8 or >= 12), m => Assert.Contains(new MicroBatchRange(m, 1), apart));
        }
    }

    [Fact]
    public void TheMajorityDecidesAndAContradictionWithoutOne()
    {
        Assert.Empty(StepVerification.Wrong([new("a", "1"), new("b", "1")]));
        Assert.Equal(["a"], StepVerification.Wrong([new("a", "1"), new("b", "2"), new("c", "2")]));
        Assert.Equal(["b"], StepVerification.Wrong([new("a", "1"), new("b", "2"), new("c", "1")]));
        Assert.Empty(StepVerification.Wrong([new("a", "1"), new("b", "2"), new("a", "1"), new("b", "2")]));
        Assert.Equal(["a"], StepVerification.Wrong([new("a", "1"), new("b", "2"), new("a", "2"), new("b", "2")]));
        Assert.Equal(["a"], StepVerification.Wrong([new("a", "1"), new("a", "2"), new("a", "3")]));
    }

    [Fact]
    public void TheShareIsDrawnAndAnotherReaderDrawsTheSame()
    {
        var recipe = SmallRuns.Recipe("simclr", "workers.verify=0.1");
        var (one, other) = (new RunPlan(recipe, 96), new RunPlan(recipe, 960));
        Assert.Equal(600, Enumerable.Range(0, 1000).Sum(s => one.Drawn(s).MicroBatches.Count), 75.0);
        Assert.All(Enumerable.Range(0, 100), s => Assert.Equal(one.Drawn(s).MicroBatches, other.Drawn(s).MicroBatches));
        foreach (var wrong in new[] { "workers.verify=1.5", "workers.verify=-0.1" })
            Assert.Contains("give a share of the micro-batches", Assert.Throws<UserErrorException>(() => SmallRuns.Recipe("simclr", wrong)).Message, StringComparison.Ordinal);
        Assert.Throws<UserErrorException>(() => SmallRuns.Recipe("simclr", "workers.verify=0.1", "workers.allowMixedHardware=true"));
    }

    internal static IReadOnlyList<LedgerEntry> AssertExact(Cluster cluster, Recipe recipe)
    {
        var entries = Ledger.Read(RunStorage.Open(cluster.Folder), Run).GetAwaiter().GetResult();
        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var local = new LocalTrainer(recipe, data);
        Assert.Equal(12, entries.Count);
        Assert.All(entries, entry => Assert.Equal(local.RunStep().WeightsHash, entry.Hash));
        Assert.True(Ledger.Audit(entries, data.Samples, 24, 6).IsExact);
        return entries;
    }
}
