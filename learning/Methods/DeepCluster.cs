using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DeepCluster (in the form of DeepCluster-v2, with normalised centroids as the classifier): between two epochs the bank of last
/// embeddings is clustered, and through the epoch both views predict their image's cluster (cookbook eq. 8).
/// Until the first clustering, a view predicts the random centroid that is nearest to the other view; with <c>schedule.stillEpochs: 1</c>
/// no weight learns from that, and the first clustering is one of the untrained network's embeddings.
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>; state <c>bank</c> <c>[samples, D]</c>, <c>assignments</c> <c>[samples, 1]</c>,
/// <c>centroids</c> <c>[K, D]</c>, <c>clustered</c> <c>[1]</c>, the epoch that was last clustered for.
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

        /// <summary>
        /// Clusters count alike, whatever their size: an image is weighted by the inverse of its cluster's, which has the gradient's
        /// expectation of drawing images uniformly over clusters (the paper's section 3.3) and shows every image once an epoch.
        /// </summary>
        public bool Uniform { get; init; } = true;
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_options.Clusters);

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<(string Key, int Count)> Groups => [("loss.clusters", _options.Clusters)];

    public IReadOnlyList<string> Carried => ["z1"];

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Apart(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var logits1 = functional.normalize(embeddings["z1"], dim: 1).mm(state["centroids"].t()) / _options.Temperature;
        var logits2 = functional.normalize(embeddings["z2"], dim: 1).mm(state["centroids"].t()) / _options.Temperature;
        if (state["clustered"].cpu().item<float>() == 0)
            return (functional.cross_entropy(logits1, logits2.detach().argmax(1)) + functional.cross_entropy(logits2, logits1.detach().argmax(1))) / 2;
        var clusters = state["assignments"].squeeze(1).to(ScalarType.Int64);
        var own = clusters.index_select(0, tensor(step.SampleIds.ToArray()).to(logits1.device));
        var each = (functional.cross_entropy(logits1, own, reduction: Reduction.None) + functional.cross_entropy(logits2, own, reduction: Reduction.None)) / 2;
        return (_options.Uniform ? each * Weights(clusters).index_select(0, own) : each).mean();
    }

    /// <summary>N/(K·n_k) of each cluster of n_k images <c>[K]</c>: the mean over all images is 1.</summary>
    private Tensor Weights(Tensor clusters)
        => (double)clusters.shape[0] / (_options.Clusters * clusters.bincount(null, _options.Clusters).clamp_min(1).to(ScalarType.Float32));

    /// <summary>The batch's rows of the bank; and, behind the last step of an epoch, the clustering of all rows for the next.</summary>
    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var bank = new EpochBank(state, functional.normalize(carried["z1"], dim: 1).Values<float>(), step);
        if (!bank.IsDue("clustered"))
            return new StateUpdate([bank.Rows]);
        var random = new RandomStream(step.Seed, Purpose.MethodState, bank.Next, 0, 1);
        var (centroids, assignments) = SphericalKMeans.Run(bank.Whole(), bank.Width, _options.Clusters, _options.Iterations, random);
        return new StateUpdate([bank.Rows, new StateChange("centroids", centroids), bank.OfAll("assignments", assignments), new StateChange("clustered", [bank.Next])]);
    }
}
