using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Neighbourhood component analysis: the share of the positive pairs in the sum over all pairs (cookbook eq. 2).
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("nca", Family = "gallery", Inventory = "M002",
    Paper = "Goldberger et al., Neighbourhood Components Analysis, 2004")]
public sealed class Nca : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Nca(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
    }

    public sealed record Options
    {
        /// <summary>Distances between unit vectors.</summary>
        public bool Normalize { get; init; } = true;
    }

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => NcaLoss.Loss(embeddings["z1"], embeddings["z2"], _options.Normalize);
}
