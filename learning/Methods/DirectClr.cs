using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DirectCLR: no projector; InfoNCE on the first dimensions of the backbone's features alone, the others learn through the residual connections
/// that share their channels. Leave <c>projector.shape</c> empty. Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>, all of them.
/// </summary>
[Method("directclr", Family = "contrastive", Inventory = "K46",
    Paper = "Jing et al., Understanding Dimensional Collapse in Contrastive Self-supervised Learning, 2022")]
public sealed class DirectClr : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public DirectClr(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        if (_options.Share is not (> 0 and <= 1))
            throw Require.Error(recipe, "loss.share", $"is {_options.Share}", "give a share of the dimensions above 0, at most 1");
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.1;

        /// <summary>d₀/D, share of the dimensions that the loss sees (the paper: 360 of 2048).</summary>
        public double Share { get; init; } = 360.0 / 2048;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(_recipe.Batch.Effective);

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    /// <summary>Both directions, each against the other view only.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var (a, b) = (Sub(embeddings["z1"]), Sub(embeddings["z2"]));
        return (InfoNceLoss.OneView(a, b, _options.Temperature) + InfoNceLoss.OneView(b, a, _options.Temperature)) / 2;
    }

    private Tensor Sub(Tensor z) => z.narrow(1, 0, Math.Max(1, (long)Math.Round(_options.Share * z.shape[1])));
}
