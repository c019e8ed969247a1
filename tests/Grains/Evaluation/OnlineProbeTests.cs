using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Training;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Evaluation;

/// <summary>The online probe on workers: its bits are those of the local trainer, and the encoder's are those without it.</summary>
public class OnlineProbeTests
{
    [Fact]
    public Task Its_bits_survive_three_workers_and_a_resumption() => SameBits("simclr", 3);

    [Fact]
    [Trait("Category", "Slow")]
    public Task Its_bits_are_the_same_for_one_worker_and_a_method_with_a_teacher() => SameBits("byol", 1);

    private static async Task SameBits(string method, int workers)
    {
        var recipe = SmallRuns.Recipe(method, "steps=6", "checkpoint.everySteps=2", "evaluation.online.classes=10");
        await using var cluster = await Cluster.Start(workers);
        var (stopped, _) = await cluster.Train("run", recipe, SmallRuns.Images, onEvent: e => e is { Kind: RunEventKind.Step, Step: 2 }
            ? cluster.Grains.GetGrain<ITrainingRunGrain>("run").Stop()
            : Task.CompletedTask);
        Assert.InRange(stopped.Step, 3, 6);
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images, resume: true);
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));

        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var with = new LocalTrainer(recipe, data);
        using var without = new LocalTrainer(recipe with { Evaluation = new EvaluationRecipe { Knn = false } }, data);
        StepReport last = null!;
        for (var step = 0; step < 6; step++)
        {
            last = with.RunStep();
            without.RunStep();
        }

        Assert.Equal(without.WeightsHash, status.WeightsHash);
        var content = await new CheckpointStore(RunStorage.Open(cluster.Folder), "run").Read(6);
        var own = with.Layout.Entries.Where(e => e.Kind == TensorKind.Probe).ToList();
        Assert.Equal(["probe.weight", "probe.bias"], own.Select(e => e.Name));
        Assert.All(own, e => Assert.Equal(with.Parameters.Slice(e.Offset, e.Length).ToArray(), content.Parameters[e.Name].Values));
        var metrics = (await MetricsLog.Read(RunStorage.Open(cluster.Folder), "run")).Last(m => m.Step == 5 && m.Values.ContainsKey("onlineLoss"));
        Assert.Equal(last.Reported["onlineLoss"], metrics.Values["onlineLoss"], 1e-6);
        Assert.Equal(last.Reported["onlineAccuracy"], metrics.Values["onlineAccuracy"], 1e-6);
    }
}
