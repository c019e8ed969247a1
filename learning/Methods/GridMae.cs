using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>What masked autoencoders of spectrograms and clips share: the encoder sees the visible patches only, a small decoder rebuilds the hidden ones.</summary>
internal sealed class GridMae(Recipe recipe, int decoderWidth, int decoderDepth, int decoderHeads)
{
    /// <summary>Encoder and decoder.</summary>
    public Networks Build()
    {
        var vit = BackboneCatalog.Grid(recipe);
        return new Networks(new Branch(vit, decoder: new MaskedDecoder(vit.FeatureDimension, decoderWidth, decoderDepth, decoderHeads, vit.PatchValues, GridVit.PositionsOf(recipe, decoderWidth))));
    }

    /// <summary>Embeddings <c>prediction</c> and <c>target</c> <c>[N, H, V]</c> of the H hidden patches.</summary>
    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var vit = (GridVit)networks.Student.Backbone;
        var mask = PatchMask.Of(views, 0, step, Draw);
        var hidden = mask.Hidden(step.Device);
        var visible = PatchMask.Pick(vit.AddPositions(vit.Embed(views[0])), mask.Visible(step.Device));
        var prediction = ((MaskedDecoder)networks.Student.Decoder).call(vit.Transform(visible), mask.Restore(step.Device));
        return new Embeddings
        {
            { "prediction", PatchMask.Pick(prediction, hidden) },
            { "target", PatchMask.Pick(vit.Patches(views[0]), hidden) },
        };
    }

    /// <summary>Mean squared error over the hidden patches, each normalised by its own mean and variance where asked for.</summary>
    public static Tensor Loss(Embeddings embeddings, bool normalize)
    {
        var target = embeddings["target"].detach();
        return (embeddings["prediction"] - (normalize ? PatchPixels.Normalize(target) : target)).square().mean();
    }

    private bool[] Draw(RandomStream random)
    {
        var (layers, places) = GridVit.Grid(recipe);
        var view = recipe.Views[0];
        return view.Kind == ViewKind.Clip ? GridMasks.Draw(view.Clip.Mask, layers, places, random) : GridMasks.Draw(view.Spectrogram.Mask, layers, places, random);
    }
}
