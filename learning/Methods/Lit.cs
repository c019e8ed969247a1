using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// LiT: the image tower is trained before and locked, in evaluation mode; a text tower learns to read out of it. <c>initial</c> in the recipe names
/// the image tower's weights. The first view is the image, the second the caption. Embeddings <c>image</c>, <c>text</c> <c>[N, D]</c>, of which the
/// image's carries a gradient only where there is a projector; <c>scale</c> <c>[1]</c>, the logarithm of 1/τ, the same from every micro-batch.
/// </summary>
[Method("lit", Modalities = [Modality.TextImage], Family = "image-text", Inventory = "M128",
    Paper = "Zhai et al., LiT: Zero-Shot Transfer with Locked-image text Tuning, 2022")]
public sealed class Lit : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Lit(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Kinds(recipe, ViewKind.Image, ViewKind.Text);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
    }

    public sealed record Options
    {
        /// <summary>τ at the start; it is learnt from there.</summary>
        public double Temperature { get; init; } = 0.1;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(_recipe.Batch.Effective);

    public Networks Build() => TwoTowers.Build(_recipe, causal: false, _options.Temperature, frozen: true);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var student = networks.Student;
        Tensor features;
        using (no_grad())
        {
            student.Backbone.eval();
            features = student.Backbone.call(views[0]);
        }

        return new Embeddings { { "image", student.Project(features) }, { "text", student.Text.call(views[1]) }, { "scale", TwoTowers.Scale(networks) } };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var scale = embeddings["scale"].mean().exp();
        step.Report("scale", scale);
        return ClipLoss.Loss(embeddings["image"], embeddings["text"], scale);
    }
}
