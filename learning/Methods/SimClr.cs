using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SimCLR: two views of each image, all of them through the encoder in one batch (K17); every other view of the effective
/// batch is a negative. Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("simclr", Modalities = [Modality.Image, Modality.Audio, Modality.Video], Family = "contrastive", Inventory = "M013",
    Paper = "Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, 2020")]
public sealed class SimClr : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public SimClr(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.2;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log((2 * _recipe.Batch.Effective) - 1);

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => NtXent.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature);
}
