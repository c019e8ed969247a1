using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// The φψ family with φ(x) = τ log(ε + x), ψ(x) = e^{x/τ} (cookbook eq. 15 and 16): ε = 1 contrasts as MoCo and CMC do, ε = 0 as DCL.
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("unified", Family = "contrastive", Inventory = "M023",
    Paper = "Tian, Understanding Deep Contrastive Learning via Coordinate-wise Optimization, 2022")]
public sealed class Unified : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Unified(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.NotNegative(recipe, "loss.epsilon", _options.Epsilon);
    }

    public sealed record Options
    {
        /// <summary>τ; on unit vectors twice InfoNCE's, because ‖a−b‖² = 2 − 2cos.</summary>
        public double Temperature { get; init; } = 0.4;

        /// <summary>ε.</summary>
        public double Epsilon { get; init; } = 1;
    }

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => UnifiedContrastive.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature, _options.Epsilon);
}
