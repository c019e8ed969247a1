using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// data2vec 2.0 for images: the student encodes the visible patches alone, under several masks of the same image for which the teacher's targets are made once, and a light convolutional decoder
/// predicts them at the hidden places; [cls] predicts their mean over the image. One view, whose mask the recipe describes in <c>views.0.mask</c>.
/// Embeddings <c>prediction</c> <c>[N, M·H, F]</c>, <c>layers</c> <c>[N, M·H, K, F]</c>, <c>class</c> <c>[N, M, F]</c>, <c>mean</c> <c>[N, F]</c>.
/// </summary>
[Method("data2vec2", Views = 1, Masked = 1, Family = "masked-image-modelling", Inventory = "M082",
    Paper = "Baevski et al., Efficient Self-supervised Learning with Contextualized Target Representations for Vision, Speech and Language, 2023")]
public sealed class Data2Vec2 : IMethod
{
    private const int MaskDraw = 32;
    private const int NoiseDraw = 64;

    private readonly Recipe _recipe;
    private readonly Options _options;

    public Data2Vec2(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Masked(recipe);
        Require.Layers(recipe, _options.Layers);
        Require.NotNegative(recipe, "loss.classWeight", _options.ClassWeight);
        Require.NotNegative(recipe, "loss.noise", _options.Noise);
        Require.Positive(recipe, "loss.decoderDepth", _options.DecoderDepth);
        if (_options.Masks is < 1 or > NoiseDraw - MaskDraw)
            throw Require.Error(recipe, "loss.masks", $"is {_options.Masks}", $"give 1 to {NoiseDraw - MaskDraw}");
        if (_options.DecoderGroups < 1 || _options.DecoderWidth < 1 || _options.DecoderWidth % _options.DecoderGroups != 0)
            throw Require.Error(recipe, "loss.decoderWidth", $"is {_options.DecoderWidth}", $"make it a multiple of loss.decoderGroups ({_options.DecoderGroups})");
        Require.OneSize(recipe);
    }

    public sealed record Options
    {
        /// <summary>M, masks of each image.</summary>
        public int Masks { get; init; } = 8;

        /// <summary>K, last blocks of the teacher that are averaged; 0: five of six.</summary>
        public int Layers { get; init; }

        /// <summary>Weight of what [cls] predicts.</summary>
        public double ClassWeight { get; init; } = 0.01;

        /// <summary>Standard deviation of what stands at hidden places in the decoder.</summary>
        public double Noise { get; init; } = 0.01;

        public int DecoderWidth { get; init; } = 384;

        public int DecoderDepth { get; init; } = 6;

        public int DecoderGroups { get; init; } = 16;
    }

    public bool Coupled => false;

    public Networks Build()
    {
        var vit = BackboneCatalog.Transformer(_recipe.Backbone, fixedPositions: true);
        var decoder = new ConvDecoder(vit.FeatureDimension, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderGroups, vit.Grid);
        return new Networks(new Branch(vit, decoder: decoder), new Branch(BackboneCatalog.Transformer(_recipe.Backbone, fixedPositions: true)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var vit = (Vit)networks.Student.Backbone;
        var masks = Enumerable.Range(0, _options.Masks).Select(m => m == 0 ? PatchMask.Of(views, 0, _recipe, step) : PatchMask.Another(_recipe, vit.Grid, MaskDraw + m, step)).ToList();
        var patches = vit.AddPositions(vit.Embed(views[0]));
        var tokens = vit.Transform(cat([.. masks.Select(m => PatchMask.Pick(patches, m.Visible(step.Device)))]));
        var noise = cat([.. masks.Select((m, i) => Noise(step, i, m.HiddenCount))]).to(step.Device);
        var all = ((ConvDecoder)networks.Student.Decoder).Decode(tokens.narrow(1, 1, tokens.shape[1] - 1), cat([.. masks.Select(m => m.Restore(step.Device))]), noise);
        var hidden = masks.Select(m => m.Hidden(step.Device)).ToList();
        var found = new Embeddings
        {
            { "prediction", cat([.. all.chunk(masks.Count).Zip(hidden, PatchMask.Pick)], 1) },
            { "class", stack([.. tokens.select(1, 0).chunk(masks.Count)], 1) },
        };
        using var off = no_grad();
        var layers = stack([.. ((Vit)networks.Teacher!.Backbone).Layers(views[0], _options.Layers > 0 ? _options.Layers : vit.Depth - (vit.Depth / 6)).Select(l => l.narrow(1, 1, l.shape[1] - 1))], 2);
        var places = cat([.. hidden], 1);
        found.Add("layers", layers.gather(1, places.unsqueeze(-1).unsqueeze(-1).expand(places.shape[0], places.shape[1], layers.shape[2], layers.shape[3])));
        found.Add("mean", LayerTargets.Of(layers).mean([1]));
        return found;
    }

    /// <summary>Mean squared errors at the hidden places and of [cls].</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var places = (embeddings["prediction"] - LayerTargets.Of(embeddings["layers"])).square().mean();
        var image = (embeddings["class"] - embeddings["mean"].detach().unsqueeze(1)).square().mean();
        step.Report("places", places);
        step.Report("class", image);
        return places + (_options.ClassWeight * image);
    }

    private Tensor Noise(StepContext step, int mask, int hidden)
    {
        var values = new float[step.SampleIds.Count * hidden * _options.DecoderWidth];
        var each = hidden * _options.DecoderWidth;
        for (var row = 0; row < step.SampleIds.Count && _options.Noise > 0; row++)
        {
            var random = Draws.Of(step, step.SampleIds[row], NoiseDraw + mask);
            foreach (ref var value in values.AsSpan(row * each, each))
                value = (float)_options.Noise * random.NextNormal();
        }

        return tensor(values).reshape(step.SampleIds.Count, hidden, _options.DecoderWidth);
    }
}
