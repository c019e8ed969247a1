using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Contrastive (margin) loss: views of an image meet, views of different images stay a margin apart (cookbook eq. 1).
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("margin", Family = "gallery", Inventory = "M001",
    Paper = "Hadsell et al., Dimensionality Reduction by Learning an Invariant Mapping, 2006")]
public sealed class Margin : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Margin(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.distance", _options.Distance);
    }

    public sealed record Options
    {
        /// <summary>m.</summary>
        public double Distance { get; init; } = 1;

        /// <summary>Square the distance of positives too, as Hadsell et al. do; the cookbook prints it without the square.</summary>
        public bool SquaredPositives { get; init; }
    }

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => MarginLoss.Loss(embeddings["z1"], embeddings["z2"], _options.Distance, _options.SquaredPositives);
}
