using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>A loss may be finite where its gradient is not: no slice applies such a gradient.</summary>
public class NonFiniteGradientTests
{
    private const int Steps = 9;
    private const int Cliffs = 7;

    [Fact]
    public async Task TheRunStopsAtTheStepBeforeAndCanBeResumed()
    {
        MethodCatalog.AddUnlisted(typeof(Cliff));
        var recipe = SmallRuns.Recipe("cliff", $"steps={Steps}");
        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var local = new LocalTrainer(recipe, data);
        var expected = Enumerable.Range(0, Steps).Select(_ => local.RunStep().WeightsHash).ToList();
        await using var cluster = await Cluster.Start(workers: 2);
        var storage = RunStorage.Open(cluster.Folder);

        // The second time it begins at the checkpoint, and comes to the same place by the same steps.
        Cliff.At = Cliffs;
        foreach (var resume in new[] { false, true })
        {
            var (failed, _) = await cluster.Train("run", recipe, SmallRuns.Images, resume);
            Assert.Equal((RunPhase.Failed, (long)Cliffs, expected[Cliffs - 1]), (failed.Phase, failed.Step, failed.WeightsHash));
            Assert.StartsWith($"Step {Cliffs}: the gradient's norm is NaN at loss ", failed.Message, StringComparison.Ordinal);
            Assert.Contains("checkpoint 5 is good", failed.Message, StringComparison.Ordinal);
            Assert.Contains("optimizer.learningRate", failed.Message, StringComparison.Ordinal);
            for (var slice = 0; slice < recipe.Workers.Slices; slice++)
                Assert.Equal(Cliffs, (await cluster.Grains.GetGrain<IParameterGrain>($"run/{slice}").GetState()).Version);
            Assert.Equal(expected.Take(Cliffs), (await Ledger.Open(storage, "run")).Entries.Select(e => e.Hash));
            Assert.Equal("PowBackward0", (await Found(storage, recipe, data)).Name);
            var checkpoint = (await new CheckpointStore(storage, "run").Newest()).Found!;
            Assert.Equal((5, expected[4]), (checkpoint.Step, checkpoint.WeightsHash));
        }

        Cliff.At = -1;
        var (status, _) = await cluster.Train("run", recipe, SmallRuns.Images, resume: true);
        Assert.Equal((RunPhase.Completed, expected[^1]), (status.Phase, status.WeightsHash));
        Assert.Equal(expected, (await Ledger.Open(storage, "run")).Entries.Select(e => e.Hash));
    }

    /// <summary>The step computed again from what the run kept of it, which has the micro-batch whose loss is not finite and all others.</summary>
    private static async Task<NotFinite> Found(IRunStorage storage, Recipe recipe, ImageTrainingData data)
    {
        var capture = StepCapture.Parse(await storage.Read(StepCapture.Path("run", Cliffs)) ?? [], "capture");
        Assert.Equal(Enumerable.Range(0, recipe.Batch.MicroBatches), capture.MicroBatches);
        var kept = await new CheckpointStore(storage, "run", StepCapture.Folder).Read(Cliffs);
        using var trainer = new LocalTrainer(recipe, new CapturedStep(capture, new RunPlan(recipe, data.Samples), data.Samples, () => throw new InvalidOperationException("everything is in the capture")));
        var flat = trainer.Layout.Entries.SelectMany(e => kept.Parameters[e.Name].Values).ToArray();
        trainer.Restore(Cliffs, flat, trainer.OptimizerStates.ToDictionary(s => s, _ => new float[flat.Length]), new float[flat.Length], []);
        var watch = new FiniteWatch();
        trainer.Observe(watch);
        trainer.RunStep();
        Assert.Equal((StepPart.ParameterGradient, 0), (watch.First!.Part, watch.First.MicroBatch));
        return watch.First;
    }
}
