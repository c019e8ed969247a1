using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Contrastive learning with hard negatives: SimCLR whose negatives count by their likeness to the anchor, and from which the share that is of the anchor's own
/// class is taken out again. Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("hcl", Family = "contrastive", Inventory = "M029",
    Paper = "Robinson et al., Contrastive Learning with Hard Negative Samples, 2021")]
public sealed class Hcl : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Hcl(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.NotNegative(recipe, "loss.concentration", _options.Concentration);
        if (_options.ClassPrior is not (>= 0 and < 1))
            throw Require.Error(recipe, "loss.classPrior", $"is {_options.ClassPrior}", "give a probability from 0 to below 1");
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.5;

        /// <summary>β, how much a negative's likeness counts; 0: all negatives alike.</summary>
        public double Concentration { get; init; } = 1;

        /// <summary>τ⁺, probability that a negative is of the anchor's class; 0: none is.</summary>
        public double ClassPrior { get; init; } = 0.1;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log((2 * _recipe.Batch.Effective) - 1);

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => HardNegatives.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature, _options.Concentration, _options.ClassPrior);
}
