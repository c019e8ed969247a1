using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;
using static TorchSharp.torch;

namespace SslOrleans.Tests.Grains.Evaluation;

/// <summary>Probes beside a training say what they should and change nothing.</summary>
public class EvaluationTests
{
    /// <summary>96 images and batches of 24: an epoch is four steps.</summary>
    private static readonly string[] s_allProbes =
        ["evaluation.knn=true", "evaluation.everyEpochs=1", """evaluation.probes=["linear","mlp","fewshot","rank","std","uniformity"]"""];

    /// <summary>Probes of every kind of work: none, a solved system, a trained head.</summary>
    private static readonly string[] s_someProbes =
        ["evaluation.knn=true", "evaluation.everyEpochs=1", """evaluation.probes=["linear","rank"]"""];

    [Fact]
    public Task Weights_are_bit_equal_with_and_without() => BitEqual("byol", 3, s_someProbes);

    [Fact]
    [Trait("Category", "Slow")]
    public Task Weights_are_bit_equal_with_all_probes_and_without() => BitEqual("byol", 3, s_allProbes);

    [Fact]
    [Trait("Category", "Slow")]
    public Task Weights_of_a_coupled_method_are_bit_equal_with_and_without() => BitEqual("simclr", 2, s_allProbes);

    [Fact]
    public Task Results_carry_the_versions_hash_and_are_those_of_its_weights() => OfItsWeights(teacher: true);

    [Fact]
    [Trait("Category", "Slow")]
    public Task Results_of_the_student_are_those_of_its_weights() => OfItsWeights(teacher: false);

    [Fact]
    public async Task A_worker_that_leaves_in_the_middle_costs_its_blocks_only()
    {
        var recipe = SmallRuns.Recipe("simclr", [.. s_someProbes, "steps=16"]);
        await using var cluster = await Cluster.Start(1);
        using var second = await cluster.AddSilo(SiloHost.WithPorts(new SiloSettings { Name = $"worker-{Guid.NewGuid():N}", Workers = 1 }));
        var stopped = false;
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e is { Kind: RunEventKind.Step, Step: 6 })
            {
                stopped = true;
                await second.StopAsync();
            }
        });
        Assert.True(stopped);
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        var last = (await MetricsLog.Read(RunStorage.Open(cluster.Folder), "run")).Last(m => m.Values.ContainsKey("knn"));
        Assert.Equal(16, last.Step);
        Assert.Equal(status.WeightsHash, last.Hash);
    }

    [Fact]
    public async Task What_cannot_be_probed_is_told_once_and_the_training_goes_on()
    {
        // SimCLR has no teacher to probe.
        var recipe = SmallRuns.Recipe("simclr", [.. s_allProbes, "evaluation.teacher=true"]);
        await using var cluster = await Cluster.Start(1);
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images);
        Assert.Equal(RunPhase.Completed, status.Phase);
        Assert.Contains(events, e => e.Kind == RunEventKind.Message && e.Text.Contains("has no teacher"));
        Assert.Empty(status.Probes);
    }

    private static async Task BitEqual(string method, int workers, string[] probes)
    {
        var without = await Hashes(SmallRuns.Recipe(method), workers);
        var with = await Hashes(SmallRuns.Recipe(method, probes), workers);
        Assert.Equal(12, without.Count);
        Assert.Equal(without, with);
    }

    private static async Task OfItsWeights(bool teacher)
    {
        var recipe = SmallRuns.Recipe("byol", [.. s_allProbes, "evaluation.everyEpochs=2", $"evaluation.teacher={(teacher ? "true" : "false")}"]);
        await using var cluster = await Cluster.Start(2);
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images);
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        var storage = RunStorage.Open(cluster.Folder);
        var probed = (await MetricsLog.Read(storage, "run")).Where(m => m.Values.ContainsKey("knn")).ToList();
        Assert.Equal([0, 8, 12], probed.Select(m => m.Step));
        Assert.All(["linear", "linear.best", "mlp", "fewshot.10", "rankme", "alphareq", "std", "uniformity"], name => Assert.Contains(name, probed[^1].Values.Keys));
        Assert.Equal(3, events.Count(e => e.Kind == RunEventKind.Probe));
        Assert.Equal(probed[^1].Values["knn"], status.Probes["knn"]);

        var ledger = await Ledger.Open(storage, "run");
        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var local = new LocalTrainer(recipe, data);
        using var encoder = Encoder.OfRecipe(recipe, teacher, CPU);
        for (var step = 1; step <= 8; step++)
            local.RunStep();
        Assert.Equal(ledger.Entries[7].Hash, probed[1].Hash);
        Assert.Equal(local.WeightsHash, probed[1].Hash);
        encoder.Load(local.Parameters, local.Teacher);
        var features = (await FeaturePass.Run(encoder, data, new FeatureOrder()))[0];
        Assert.Equal(KnnProbe.Evaluate(features.Labelled(), [20], [0.07])[0].Accuracy, probed[1].Values["knn"]);
        Assert.Equal(RankMe.Of(Spectrum.Of(features.Train)), probed[1].Values["rankme"], 1e-3);
    }

    private static async Task<List<string>> Hashes(Recipe recipe, int workers)
    {
        await using var cluster = await Cluster.Start(workers);
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images);
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        Assert.Equal(recipe.Evaluation.Knn, events.Any(e => e.Kind == RunEventKind.Probe));
        return [.. (await Ledger.Open(RunStorage.Open(cluster.Folder), "run")).Entries.Select(e => e.Hash)];
    }
}
