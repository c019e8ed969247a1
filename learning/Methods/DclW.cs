using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DCL-W: DCL with positives weighted by a negative von Mises–Fisher function, so that pairs that agree already count less.
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("dclw", Family = "contrastive", Inventory = "M015",
    Paper = "Yeh et al., Decoupled Contrastive Learning, 2022")]
public sealed class DclW : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public DclW(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "loss.sigma", _options.Sigma);
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.1;

        /// <summary>σ of the weights.</summary>
        public double Sigma { get; init; } = 0.5;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log((2 * _recipe.Batch.Effective) - 2);

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var (z1, z2) = (embeddings["z1"], embeddings["z2"]);
        return DecoupledContrastive.Loss(z1, z2, _options.Temperature, DecoupledContrastive.VonMisesWeights(z1, z2, _options.Sigma));
    }
}
