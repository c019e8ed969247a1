using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// CLIP: an image and its caption meet, all others of the effective batch are pushed apart, in both directions and with a learnt scale.
/// The first view is the image, the second the caption. Embeddings <c>image</c>, <c>text</c> <c>[N, D]</c>; <c>scale</c> <c>[1]</c>, the scale's
/// logarithm, the same from every micro-batch.
/// </summary>
[Method("clip", Modalities = [Modality.TextImage], Family = "image-text", Inventory = "M125",
    Paper = "Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021")]
public sealed class Clip : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Clip(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Kinds(recipe, ViewKind.Image, ViewKind.Text);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "loss.largestScale", _options.LargestScale);
    }

    public sealed record Options
    {
        /// <summary>τ at the start: 1 over the first scale; it is learnt from there.</summary>
        public double Temperature { get; init; } = 0.07;

        /// <summary>The scale does not go beyond.</summary>
        public double LargestScale { get; init; } = ClipLoss.LargestScale;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(_recipe.Batch.Effective);

    public Networks Build() => TwoTowers.Build(_recipe, causal: true, _options.Temperature);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
        => TwoTowers.Encode(networks, views[0], views[1]);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var scale = ClipLoss.Scale(embeddings["scale"], _options.LargestScale);
        step.Report("scale", scale);
        return ClipLoss.Loss(embeddings["image"], embeddings["text"], scale);
    }
}
