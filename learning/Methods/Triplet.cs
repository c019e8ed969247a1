using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Triplet loss: the other view of an image is nearer than any view of another image, by a margin (cookbook eq. 3, with the
/// negative distance from anchor to negative).
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("triplet", Family = "contrastive", Inventory = "M003",
    Paper = "Schroff et al., FaceNet: A Unified Embedding for Face Recognition and Clustering, 2015")]
public sealed class Triplet : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Triplet(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.margin", _options.Margin);
    }

    public sealed record Options
    {
        /// <summary>m.</summary>
        public double Margin { get; init; } = 0.5;

        /// <summary>Distances between unit vectors.</summary>
        public bool Normalize { get; init; } = true;
    }

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => TripletLoss.Loss(embeddings["z1"], embeddings["z2"], _options.Margin, _options.Normalize);
}
