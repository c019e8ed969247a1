using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// UM-MAE: MAE whose visible patches are equally many in every window, so that an encoder that works in windows can take them, and some of which are then hidden again behind a
/// token, which makes up for what such an even sample gives away. One view; <c>views.0.mask.kind</c> is <c>uniform</c>.
/// Embeddings <c>prediction</c> and <c>target</c> <c>[N, H, p·p·3]</c>.
/// </summary>
[Method("ummae", Views = 1, Masked = 1, MaskKind = "uniform", Family = "masked-image-modelling", Inventory = "M087",
    Paper = "Li et al., Uniform Masking: Enabling MAE Pre-training for Pyramid-based Vision Transformers with Locality, 2022")]
public sealed class UmMae : IMethod
{
    private const int SecondDraw = 6;

    private readonly Recipe _recipe;
    private readonly Options _options;

    public UmMae(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Masked(recipe);
        if (recipe.Views[0].Mask.Kind is not "uniform" and var kind)
            throw Require.Error(recipe, "views.0.mask.kind", $"is \"{kind}\"", "use uniform: as many hidden patches in every window of views.0.mask.cellSize");
        if (_options.Second is not (>= 0 and < 1))
            throw Require.Error(recipe, "loss.second", $"is {_options.Second}", "give a share from 0 to below 1");
        Require.Decoder(recipe, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads);
    }

    public sealed record Options
    {
        /// <summary>Share of the visible patches that is hidden a second time, behind a token.</summary>
        public double Second { get; init; } = 0.25;

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
        var decoder = new MaskedDecoder(vit.FeatureDimension, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads, pixels, vit.Grid);
        return new Networks(new Branch(vit, decoder: new SecondMaskDecoder(new MaskToken(vit.FeatureDimension), decoder)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var vit = (Vit)networks.Student.Backbone;
        var heads = (SecondMaskDecoder)networks.Student.Decoder;
        var mask = PatchMask.Of(views, 0, _recipe, step);
        var (hidden, visible) = (mask.Hidden(step.Device), mask.Visible(step.Device));

        // The token takes the place of the patch, not of its position.
        var patches = vit.Embed(views[0]);
        var again = zeros(patches.shape[0], patches.shape[1], device: step.Device).scatter(1, visible, Second(step, (int)visible.shape[1]).to(step.Device));
        var seen = PatchMask.Pick(vit.AddPositions(heads.Token.call(patches, again.to(ScalarType.Bool))), visible);
        var prediction = heads.Pixels.call(vit.Transform(seen), mask.Restore(step.Device));
        return new Embeddings
        {
            { "prediction", PatchMask.Pick(prediction, hidden) },
            { "target", PatchMask.Pick(PatchPixels.Of(views[0], vit.PatchSize), hidden) },
        };
    }

    /// <summary>Mean squared error over the patches that were hidden first.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var target = embeddings["target"].detach();
        return (embeddings["prediction"] - (_options.NormalizePixels ? PatchPixels.Normalize(target) : target)).square().mean();
    }

    /// <summary>1 at the visible patches that are hidden again <c>[N, V]</c>: the same number in every image.</summary>
    private Tensor Second(StepContext step, int visible)
    {
        var count = (int)Math.Round(_options.Second * visible);
        return tensor(step.SampleIds.SelectMany(id =>
        {
            var random = Draws.Of(step, id, SecondDraw);
            var row = new float[visible];
            foreach (var place in Draws.Order(visible, ref random).Take(count))
                row[place] = 1;
            return row;
        }).ToArray()).reshape(step.SampleIds.Count, visible);
    }
}
