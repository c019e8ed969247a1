using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Context encoder: a square of the view is blanked out, the backbone encodes the rest, and a decoder paints the square from the features. Any backbone; one view.
/// Embeddings <c>prediction</c> and <c>target</c> <c>[N, 3, r, r]</c>, the pixels of the square.
/// </summary>
[Method("contextencoder", Views = 1, Family = "masked-image-modelling", Inventory = "M077",
    Paper = "Pathak et al., Context Encoders: Feature Learning by Inpainting, 2016")]
public sealed class ContextEncoder : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public ContextEncoder(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.OneOf(recipe, "loss.fill", _options.Fill, "mean", "white");
        Require.OneOf(recipe, "loss.place", _options.Place, "center", "random");
        if (_options.DecoderWidth < 1 || _options.DecoderWidth % PixelDecoder.Multiple != 0)
            throw Require.Error(recipe, "loss.decoderWidth", $"is {_options.DecoderWidth}", $"make it a multiple of {PixelDecoder.Multiple}");
        if (_options.Side is not (> 0 and < 1) || recipe.Views.Any(v => Region(v.Crop.Size) < 1 || v.Crop.Ramp.From > 0))
            throw Require.Error(recipe, "loss.side", $"is {_options.Side}", "give a share of the view's side above 0 and below 1 that is at least a pixel; views of one size");
    }

    public sealed record Options
    {
        /// <summary>Side of the square as a share of the view's.</summary>
        public double Side { get; init; } = 0.5;

        /// <summary><c>center</c>, or <c>random</c>: drawn for each image.</summary>
        public string Place { get; init; } = "center";

        /// <summary>What stands in the square: the <c>mean</c> colour, or <c>white</c>.</summary>
        public string Fill { get; init; } = "mean";

        /// <summary>Channels of the decoder's first map.</summary>
        public int DecoderWidth { get; init; } = 256;
    }

    public bool Coupled => false;

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe.Backbone);
        return new Networks(new Branch(backbone, decoder: new PixelDecoder(backbone.FeatureDimension, _options.DecoderWidth, 3, Region(_recipe.Views[0].Crop.Size))));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var (size, side) = ((int)views[0].shape[2], Region((int)views[0].shape[2]));
        var corners = step.SampleIds.Select(id => Corner(step, id, size - side)).ToArray();
        var hidden = cat([.. corners.Select(c => functional.pad(ones(1, 1, side, side), [c.Left, size - side - c.Left, c.Top, size - side - c.Top]))]).to(step.Device);
        var blank = views[0] * (1 - hidden);
        if (_options.Fill == "white")
            blank += hidden * White().to(step.Device);
        return new Embeddings
        {
            { "prediction", ((PixelDecoder)networks.Student.Decoder).call(networks.Student.Backbone.call(blank)) },
            { "target", cat([.. corners.Select((c, row) => views[0].narrow(0, row, 1).narrow(2, c.Top, side).narrow(3, c.Left, side))]) },
        };
    }

    /// <summary>Mean squared error over the square.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => (embeddings["prediction"] - embeddings["target"].detach()).square().mean();

    private int Region(int size) => (int)Math.Round(_options.Side * size);

    private (int Top, int Left) Corner(StepContext step, long id, int spare)
    {
        if (_options.Place == "center")
            return (spare / 2, spare / 2);
        var random = Draws.Of(step, id, 6);
        return ((int)random.NextUInt32((uint)spare + 1), (int)random.NextUInt32((uint)spare + 1));
    }

    private Tensor White() => tensor(_recipe.Normalize.Mean.Zip(_recipe.Normalize.StandardDeviation, (m, d) => (float)((1 - m) / d)).ToArray()).reshape(1, 3, 1, 1);
}
