using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// N-pair: softmax over inner products, the candidates being one view of every sample; a penalty on the length of the
/// embeddings stands in for normalisation (cookbook eq. 4).
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("npair", Family = "contrastive", Inventory = "M006",
    Paper = "Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, 2016")]
public sealed class NPair : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public NPair(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.NotNegative(recipe, "loss.beta", _options.Beta);
    }

    public sealed record Options
    {
        /// <summary>β, weight of the mean squared length.</summary>
        public double Beta { get; init; } = 0.002;
    }

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => NPairLoss.Loss(embeddings["z1"], embeddings["z2"], _options.Beta);
}
