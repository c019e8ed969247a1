using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// InfoNCE of CPC on image views (cookbook eq. 6): as SimCLR, but the denominator holds every view, the anchor itself included.
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("infonce", Family = "contrastive", Inventory = "M011",
    Paper = "van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018")]
public sealed class InfoNce : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public InfoNce(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.2;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(2 * _recipe.Batch.Effective);

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => InfoNceLoss.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature);
}
