using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Barlow Twins: the cross-correlation matrix of the two views' projections becomes the identity.
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("barlowtwins", Modalities = [Modality.Image, Modality.Audio, Modality.Video], Family = "canonical-correlation", Inventory = "M073",
    Paper = "Zbontar et al., Barlow Twins: Self-Supervised Learning via Redundancy Reduction, 2021")]
public sealed class BarlowTwins : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public BarlowTwins(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.NotNegative(recipe, "loss.lambda", _options.Lambda);
        Require.Positive(recipe, "loss.scale", _options.Scale);
    }

    public sealed record Options
    {
        /// <summary>λ, weight of the redundancy term.</summary>
        public double Lambda { get; init; } = 0.0051;

        /// <summary>Factor on the whole loss.</summary>
        public double Scale { get; init; } = 1;
    }

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Apart(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var (invariance, redundancy) = BarlowTwinsLoss.Terms(embeddings["z1"], embeddings["z2"]);
        step.Report("invariance", invariance);
        step.Report("redundancy", redundancy);
        return _options.Scale * (invariance + (_options.Lambda * redundancy));
    }
}
