using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SimMIM: hidden patches stay in the encoder as a learned token, and one linear layer predicts their pixels. One view, whose mask
/// the recipe describes in <c>views.0.mask</c>. Embeddings <c>prediction</c> and <c>target</c> <c>[N, H, p·p·3]</c>.
/// </summary>
[Method("simmim", Views = 1, Masked = 1, Family = "masked-image-modelling", Inventory = "M081",
    Paper = "Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022")]
public sealed class SimMim : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public SimMim(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Masked(recipe);
    }

    public sealed record Options
    {
        /// <summary>Each target patch is normalised by its own mean and variance, as in MAE; the paper predicts raw pixels.</summary>
        public bool NormalizePixels { get; init; }
    }

    public bool Coupled => false;

    public Networks Build()
    {
        var vit = BackboneCatalog.Transformer(_recipe.Backbone);
        return new Networks(new Branch(vit, decoder: new PixelHead(vit.FeatureDimension, vit.PatchSize * vit.PatchSize * 3)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var vit = (Vit)networks.Student.Backbone;
        var head = (PixelHead)networks.Student.Decoder;
        var mask = PatchMask.Of(views, 0, _recipe, step);
        var hidden = mask.Hidden(step.Device);
        var tokens = vit.Transform(vit.AddPositions(head.Hide(vit.Embed(views[0]), mask.ToTensor(step.Device))));
        return new Embeddings
        {
            { "prediction", PatchMask.Pick(head.call(tokens.narrow(1, 1, tokens.shape[1] - 1)), hidden) },
            { "target", PatchMask.Pick(PatchPixels.Of(views[0], vit.PatchSize), hidden) },
        };
    }

    /// <summary>Mean absolute error over the hidden pixels.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var target = embeddings["target"].detach();
        return (embeddings["prediction"] - (_options.NormalizePixels ? PatchPixels.Normalize(target) : target)).abs().mean();
    }
}
