using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// ALIGN: CLIP's objective with smoothed labels, a bidirectional text tower read at its start, and a temperature that is learnt without bound.
/// The first view is the image, the second the caption. Embeddings <c>image</c>, <c>text</c> <c>[N, D]</c>; <c>scale</c> <c>[1]</c>, the logarithm of
/// 1/τ, the same from every micro-batch.
/// </summary>
[Method("align", Modalities = [Modality.TextImage], Family = "image-text", Inventory = "M126",
    Paper = "Jia et al., Scaling Up Visual and Vision-Language Representation Learning With Noisy Text Supervision, 2021")]
public sealed class Align : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Align(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Kinds(recipe, ViewKind.Image, ViewKind.Text);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        if (_options.Smoothing is not (>= 0 and < 1))
            throw Require.Error(recipe, "loss.smoothing", $"is {_options.Smoothing}", "give a share from 0 to below 1");
    }

    public sealed record Options
    {
        /// <summary>τ at the start; it is learnt from there.</summary>
        public double Temperature { get; init; } = 1;

        /// <summary>Share of each target that is spread over the whole batch.</summary>
        public double Smoothing { get; init; } = 0.1;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(_recipe.Batch.Effective);

    public Networks Build() => TwoTowers.Build(_recipe, causal: false, _options.Temperature);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
        => TwoTowers.Encode(networks, views[0], views[1]);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var scale = embeddings["scale"].mean().exp();
        step.Report("scale", scale);
        return ClipLoss.Loss(embeddings["image"], embeddings["text"], scale, _options.Smoothing);
    }
}
