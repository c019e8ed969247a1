using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DeepCluster (in the form of DeepCluster-v2, with normalised centroids as the classifier): at each epoch's start the bank of last
/// embeddings is clustered, and through the epoch both views predict their image's cluster (cookbook eq. 8).
/// Until the first clustering, a view predicts the random centroid that is nearest to the other view.
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>; state <c>bank</c> <c>[samples, D]</c>, <c>assignments</c> <c>[samples, 1]</c>,
/// <c>centroids</c> <c>[K, D]</c>, <c>clustered</c> <c>[1]</c>, the epoch of the last clustering.
/// </summary>
[Method("deepcluster", Family = "clustering", Inventory = "M060",
    Paper = "Caron et al., Deep Clustering for Unsupervised Learning of Visual Features, 2018")]
public sealed class DeepCluster : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public DeepCluster(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "loss.clusters", _options.Clusters);
        Require.Positive(recipe, "loss.iterations", _options.Iterations);
        var width = BuildNetworks.ProjectionWidth(recipe);
        State =
        [
            new("bank", StateKind.Bank, [-1, width], StateInitial.UnitRows),
            new("assignments", StateKind.Bank, [-1, 1]),
            new("centroids", StateKind.Value, [_options.Clusters, width], StateInitial.UnitRows),
            new("clustered", StateKind.Value, [1]),
        ];
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.1;

        /// <summary>K.</summary>
        public int Clusters { get; init; } = 3000;

        /// <summary>Rounds of k-means.</summary>
        public int Iterations { get; init; } = 10;
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_options.Clusters);

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["z1"];

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => new()
    {
        { "z1", networks.Student.call(views[0]) },
        { "z2", networks.Student.call(views[1]) },
    };

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var logits1 = functional.normalize(embeddings["z1"], dim: 1).mm(state["centroids"].t()) / _options.Temperature;
        var logits2 = functional.normalize(embeddings["z2"], dim: 1).mm(state["centroids"].t()) / _options.Temperature;
        var (target1, target2) = (logits2.detach().argmax(1), logits1.detach().argmax(1));
        if (state["clustered"].cpu().item<float>() > 0)
        {
            var ids = tensor(step.SampleIds.ToArray()).to(logits1.device);
            target1 = target2 = state["assignments"].index_select(0, ids).squeeze(1).to(ScalarType.Int64);
        }

        return (functional.cross_entropy(logits1, target1) + functional.cross_entropy(logits2, target2)) / 2;
    }

    /// <summary>The batch's rows of the bank; and, in the first step of an epoch, the clustering of all rows.</summary>
    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var rows = StateUpdate.Change("bank", functional.normalize(carried["z1"], dim: 1), [.. step.SampleIds]);
        if (step.Epoch <= state["clustered"].cpu().item<float>())
            return new StateUpdate([rows]);
        var width = (int)state["bank"].shape[1];
        var bank = state["bank"].Values<float>();
        for (var i = 0; i < step.SampleIds.Count; i++)
            rows.Values.AsSpan(i * width, width).CopyTo(bank.AsSpan((int)step.SampleIds[i] * width));
        var random = new RandomStream(step.Seed, Purpose.MethodState, step.Epoch, 0, 1);
        var (centroids, assignments) = SphericalKMeans.Run(bank, width, _options.Clusters, _options.Iterations, random);
        return new StateUpdate(
        [
            rows,
            new StateChange("centroids", centroids),
            new StateChange("assignments", Array.ConvertAll(assignments, a => (float)a), [.. Enumerable.Range(0, assignments.Length).Select(i => (long)i)]),
            new StateChange("clustered", [step.Epoch]),
        ]);
    }
}
