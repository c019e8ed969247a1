using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// MAE: the encoder sees the visible patches only, a small decoder rebuilds the pixels of the hidden ones. One view, whose mask the
/// recipe describes in <c>views.0.mask</c>. Embeddings <c>prediction</c> and <c>target</c> <c>[N, H, p·p·3]</c> of the H hidden patches.
/// </summary>
[Method("mae", Views = 1, Masked = 1, Family = "masked-image-modelling", Inventory = "M080",
    Paper = "He et al., Masked Autoencoders Are Scalable Vision Learners, 2022")]
public sealed class Mae : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Mae(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Masked(recipe);
        Require.Decoder(recipe, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads);
    }

    public sealed record Options
    {
        /// <summary>Each target patch is normalised by its own mean and variance.</summary>
        public bool NormalizePixels { get; init; } = true;

        public int DecoderWidth { get; init; } = 512;

        public int DecoderDepth { get; init; } = 8;

        public int DecoderHeads { get; init; } = 16;
    }

    public bool Coupled => false;

    public Networks Build()
    {
        var vit = BackboneCatalog.Transformer(_recipe.Backbone, fixedPositions: true);
        var pixels = vit.PatchSize * vit.PatchSize * 3;
        return new Networks(new Branch(vit, decoder: new MaskedDecoder(
            vit.FeatureDimension, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads, pixels, vit.Grid)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var vit = (Vit)networks.Student.Backbone;
        var mask = PatchMask.Of(views, 0, _recipe, step);
        var hidden = mask.Hidden(step.Device);
        var visible = PatchMask.Pick(vit.AddPositions(vit.Embed(views[0])), mask.Visible(step.Device));
        var prediction = ((MaskedDecoder)networks.Student.Decoder).call(vit.Transform(visible), mask.Restore(step.Device));
        return new Embeddings
        {
            { "prediction", PatchMask.Pick(prediction, hidden) },
            { "target", PatchMask.Pick(PatchPixels.Of(views[0], vit.PatchSize), hidden) },
        };
    }

    /// <summary>Mean squared error over the hidden patches.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var target = embeddings["target"].detach();
        return (embeddings["prediction"] - (_options.NormalizePixels ? PatchPixels.Normalize(target) : target)).square().mean();
    }
}
