using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SupCon: SimCLR that uses labels, every view of the same class being a positive; for the oracle studies of cookbook §3.2.
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>, <c>labels</c> <c>[N]</c>.
/// </summary>
[Method("supcon", Family = "contrastive", Inventory = "M028",
    Paper = "Khosla et al., Supervised Contrastive Learning, 2020")]
public sealed class SupCon : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public SupCon(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.OneOf(recipe, "loss.variant", _options.Variant, "out", "in");
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.2;

        /// <summary><c>out</c>: mean of logarithms, the paper's choice; <c>in</c>: logarithm of the mean.</summary>
        public string Variant { get; init; } = "out";
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log((2 * _recipe.Batch.Effective) - 1);

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = TwoViews.Together(networks, views);
        found.Add("labels", ClassLabels.Of(_recipe, views, step.Device));
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step) => SupervisedContrastive.Loss(
        embeddings["z1"], embeddings["z2"], embeddings["labels"], _options.Temperature, inside: _options.Variant == "in");
}
