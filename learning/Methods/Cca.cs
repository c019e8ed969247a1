using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Canonical correlation: minus the sum of the canonical correlations of the two views' projections (cookbook eq. 13 at its
/// optimum over U and V; eq. 14 when the projections come from networks).
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("cca", Family = "gallery", Inventory = "M069",
    Paper = "Hotelling, Relations between Two Sets of Variates, 1936; Andrew et al., Deep Canonical Correlation Analysis, 2013")]
public sealed class Cca : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Cca(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.NotNegative(recipe, "loss.epsilon", _options.Epsilon);
    }

    public sealed record Options
    {
        /// <summary>Share of the identity in both covariances.</summary>
        public double Epsilon { get; init; } = 1e-4;
    }

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => CanonicalCorrelation.Loss(embeddings["z1"], embeddings["z2"], _options.Epsilon);
}
