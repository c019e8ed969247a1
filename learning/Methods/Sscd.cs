using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SSCD, descriptors for copy detection: SimCLR and a term that keeps every view away from the nearest view of another image, so that one distance means a copy
/// everywhere. Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("sscd", Family = "contrastive", Inventory = "M032",
    Paper = "Pizzi et al., A Self-Supervised Descriptor for Image Copy Detection, 2022")]
public sealed class Sscd : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Sscd(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.NotNegative(recipe, "loss.entropy", _options.Entropy);
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.05;

        /// <summary>λ, weight of the distance to the nearest view of another image.</summary>
        public double Entropy { get; init; } = 30;
    }

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var (z1, z2) = (embeddings["z1"], embeddings["z2"]);
        var contrast = NtXent.Loss(z1, z2, _options.Temperature);
        var nearest = KoLeo.OfOtherImages(z1, z2);
        step.Report("contrast", contrast);
        step.Report("nearest", nearest);
        return contrast + (_options.Entropy * nearest);
    }
}
