using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SLIP: CLIP on an image and its caption, and SimCLR on two more views of the image, whose head is the recipe's <c>predictor</c>; all three views
/// pass the image tower in one batch. Views: image, image, image, text. Embeddings <c>image</c>, <c>text</c> <c>[N, D]</c>, <c>z1</c>, <c>z2</c> <c>[N, E]</c>;
/// <c>scale</c> <c>[1]</c>, the scale's logarithm, the same from every micro-batch.
/// </summary>
[Method("slip", Views = 4, Modalities = [Modality.TextImage], Family = "image-text", Inventory = "M127",
    Paper = "Mu et al., SLIP: Self-supervision meets Language-Image Pre-training, 2022")]
public sealed class Slip : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Slip(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Kinds(recipe, ViewKind.Image, ViewKind.Image, ViewKind.Image, ViewKind.Text);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "loss.viewTemperature", _options.ViewTemperature);
        Require.Positive(recipe, "loss.largestScale", _options.LargestScale);
        Require.NotNegative(recipe, "loss.viewWeight", _options.ViewWeight);
        var images = recipe.Views.Where(v => v.Kind == ViewKind.Image).Select(v => v.Crop.Size).Distinct().ToList();
        if (images.Count > 1)
            throw Require.Error(recipe, "views.*.crop.size", $"has {string.Join(", ", images)}", "slip's images pass the tower in one batch: give one size");
    }

    public sealed record Options
    {
        /// <summary>CLIP's τ at the start; it is learnt from there.</summary>
        public double Temperature { get; init; } = 0.07;

        /// <summary>CLIP's scale does not go beyond.</summary>
        public double LargestScale { get; init; } = ClipLoss.LargestScale;

        /// <summary>SimCLR's τ.</summary>
        public double ViewTemperature { get; init; } = 0.1;

        /// <summary>Weight of SimCLR's loss beside CLIP's.</summary>
        public double ViewWeight { get; init; } = 1;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(_recipe.Batch.Effective) + (_options.ViewWeight * PortableMath.Log((2 * _recipe.Batch.Effective) - 1));

    public Networks Build() => TwoTowers.Build(_recipe, causal: true, _options.Temperature, predictor: true);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var student = networks.Student;
        var features = student.Backbone.call(cat([views[0], views[1], views[2]])).chunk(3);
        var z = student.Predict(cat([features[1], features[2]])).chunk(2);
        return new Embeddings
        {
            { "image", student.Project(features[0]) },
            { "text", student.Text.call(views[3]) },
            { "z1", z[0] },
            { "z2", z[1] },
            { "scale", TwoTowers.Scale(networks) },
        };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var scale = ClipLoss.Scale(embeddings["scale"], _options.LargestScale);
        var captions = ClipLoss.Loss(embeddings["image"], embeddings["text"], scale);
        var views = NtXent.Loss(embeddings["z1"], embeddings["z2"], _options.ViewTemperature);
        step.Report("scale", scale);
        step.Report("captions", captions);
        step.Report("views", views);
        return captions + (_options.ViewWeight * views);
    }
}
