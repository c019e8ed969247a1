using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// FCMAE: MAE for a convolutional net. The encoder, a ConvNeXt V2, runs on the visible places alone, and a decoder of one block paints the hidden ones. One view, whose mask the recipe describes
/// in <c>views.0.mask</c>; <c>backbone.patchSize</c> is the stride of the net. Embeddings <c>prediction</c> and <c>target</c> <c>[N, H, p·p·3]</c>.
/// </summary>
[Method("fcmae", Views = 1, Masked = 1, Backbone = "convnextv2-zepto", PatchSize = 8, Family = "masked-image-modelling", Inventory = "M086",
    Paper = "Woo et al., ConvNeXt V2: Co-designing and Scaling ConvNets with Masked Autoencoders, 2023")]
public sealed class Fcmae : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Fcmae(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.decoderWidth", _options.DecoderWidth);
        Require.Positive(recipe, "loss.decoderDepth", _options.DecoderDepth);
        using (var net = BackboneCatalog.ConvNext(recipe.Backbone))
        {
            if (recipe.Backbone.PatchSize != net.Stride)
                throw Require.Error(recipe, "backbone.patchSize", $"is {recipe.Backbone.PatchSize}", $"masks hide places of the last map: make it {net.Stride}, the stride of {recipe.Backbone.Name}");
        }

        Require.HidesPlaces(recipe, recipe.Views[0].Crop.Size / recipe.Backbone.PatchSize);
        Require.SameMask(recipe, 0);
    }

    public sealed record Options
    {
        /// <summary>Each target patch is normalised by its own mean and variance.</summary>
        public bool NormalizePixels { get; init; } = true;

        public int DecoderWidth { get; init; } = 512;

        public int DecoderDepth { get; init; } = 1;
    }

    public bool Coupled => false;

    public Networks Build()
    {
        var net = BackboneCatalog.ConvNext(_recipe.Backbone);
        return new Networks(new Branch(
            net, decoder: new ConvNextDecoder(net.FeatureDimension, _options.DecoderWidth, _options.DecoderDepth, net.Stride * net.Stride * 3, _recipe.Backbone.ResponseNorm)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var net = (ConvNextV2)networks.Student.Backbone;
        var mask = PatchMask.Of(views, 0, _recipe, step);
        var hidden = mask.Hidden(step.Device);
        var grid = views[0].shape[2] / net.Stride;
        var visible = 1 - mask.ToTensor(step.Device).to(ScalarType.Float32).reshape(-1, 1, grid, grid);
        var map = net.Watched(net.Map(views[0], visible), visible);
        return new Embeddings
        {
            { "prediction", PatchMask.Pick(((ConvNextDecoder)networks.Student.Decoder).Decode(map, visible), hidden) },
            { "target", PatchMask.Pick(PatchPixels.Of(views[0], net.Stride), hidden) },
        };
    }

    /// <summary>Mean squared error over the hidden patches.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var target = embeddings["target"].detach();
        return (embeddings["prediction"] - (_options.NormalizePixels ? PatchPixels.Normalize(target) : target)).square().mean();
    }
}
