using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DCL: SimCLR with the positive left out of the denominator, which frees it of large batches (K10).
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("dcl", Family = "contrastive", Inventory = "M015",
    Paper = "Yeh et al., Decoupled Contrastive Learning, 2022")]
public sealed class Dcl : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Dcl(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.1;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log((2 * _recipe.Batch.Effective) - 2);

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => DecoupledContrastive.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature);
}
