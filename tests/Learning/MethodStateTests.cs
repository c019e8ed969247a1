using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests;

/// <summary>Targets, clusters and constants that a method keeps or learns beside its network.</summary>
public class MethodStateTests
{
    [Fact]
    [Trait("Method", "nat")]
    public void Targets_are_dealt_before_the_loss_is_taken_and_each_stays_with_one_image()
    {
        using var scope = NewDisposeScope();
        var targets = functional.normalize(Draw(1), dim: 1);
        long[] shuffled = [3, 5, 0, 1, 2, 4];

        // Every image stands on another image's target: dealt first, nothing is left to pay.
        var z = targets.index_select(0, tensor(shuffled));
        Assert.Equal(-1, Loss("nat", new() { ["z1"] = z, ["targets"] = targets }), 1e-5);
        var method = MethodCatalog.Create(SmallRun.Recipe("nat"));
        var state = new MethodState(new Dictionary<string, Tensor> { ["targets"] = targets });
        var change = Assert.Single(method.Advance(state, new Embeddings { { "z1", z } }, Step(6)).Changes);
        Assert.Equal(z.Values<float>(), change.Values);

        // Where an epoch ends and the next begins an image may stand in a batch twice; no target is lost or given twice.
        var twice = new StepContext { Seed = 0, Step = 1, TotalSteps = 2, EffectiveBatch = 4, Device = CPU, SampleIds = [2, 4, 2, 1] };
        var store = new StateStore([new StateSpec("targets", StateKind.Bank, [-1, 5])], 0, 6);
        store.Restore(1, [("targets", targets.Values<float>(), 0)]);
        store.Advance(1, method.Advance(state, new Embeddings { { "z1", Draw(2, 4) } }, twice));
        Assert.Equal(targets.Values<float>().Order(), store.Values("targets").ToArray().Order());
    }

    [Fact]
    [Trait("Method", "nce")]
    public void The_learnt_constant_finds_the_partition_function_of_a_density()
    {
        // Data from N(0, 0.7²) under a model that knows only e^{−x²/2σ²}; noise from N(0, 1.5²), four for each datum: c* = −ln σ√2π.
        using var scope = NewDisposeScope();
        const double Sigma = 0.7, Wide = 1.5;
        var (data, noise) = (Sigma * Draw(1, 4000, 1).flatten(), Wide * Draw(2, 4000, 4));
        Tensor Score(Tensor x) => -(x.square() / (2 * Sigma * Sigma)) + (x.square() / (2 * Wide * Wide)) + Math.Log(Wide * Math.Sqrt(2 * Math.PI));
        var method = MethodCatalog.Create(SmallRun.Recipe("nce"));
        var c = zeros(1).requires_grad_(true);
        for (var i = 0; i < 200; i++)
        {
            using var inner = NewDisposeScope();
            method.Loss(new Embeddings { { "data", Score(data) }, { "noise", Score(noise) }, { "constant", c } }, MethodState.Empty, Step(4000)).backward();
            using var off = no_grad();
            c.sub_(c.grad!);
            c.grad!.zero_();
        }

        Assert.Equal(-Math.Log(Sigma * Math.Sqrt(2 * Math.PI)), c.detach().item<float>(), 0.05);
    }

    [Fact]
    [Trait("Method", "deepcluster")]
    public void Clusters_count_alike_whatever_their_size()
    {
        // Nine images of one cluster and one of another, all indifferent but for the lone one, which is far from its own centroid.
        using var scope = NewDisposeScope();
        var centroids = tensor(new[] { 1f, 0f, 0f, 1f }).reshape(2, 2);
        var assignments = cat([zeros(9, 1), ones(1, 1)]);
        var z = tensor(new[] { 1f, 0f }).repeat(10).reshape(10, 2);
        double Value(bool uniform) => Loss(
            "deepcluster", new() { ["z1"] = z, ["z2"] = z, ["centroids"] = centroids, ["assignments"] = assignments, ["clustered"] = ones(1) },
            ("clusters", 2), ("temperature", 1), ("uniform", uniform));
        var (near, far) = (Math.Log(1 + Math.Exp(-1)), Math.Log(1 + Math.E));
        Assert.Equal((near + far) / 2, Value(true), 1e-5);
        Assert.Equal((0.9 * near) + (0.1 * far), Value(false), 1e-5);
    }
}
