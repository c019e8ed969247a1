using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// BEiT: hidden patches stay in the encoder as a learned token, and which visual word each of them is is predicted there. The words are a fixed codebook of patches, each normalised by
/// its own mean and variance, fitted by k-means on the first step's patches in the place of the paper's trained tokenizer. One view, whose mask the recipe describes in <c>views.0.mask</c>.
/// Embeddings <c>logits</c> <c>[N, H, K]</c>, <c>patches</c> <c>[N, H, p·p·3]</c>; state <c>codebook</c> <c>[K, p·p·3]</c>, <c>fitted</c> <c>[1]</c>, whether it was.
/// </summary>
[Method("beit", Views = 1, Masked = 1, Family = "masked-image-modelling", Inventory = "M079",
    Paper = "Bao et al., BEiT: BERT Pre-Training of Image Transformers, 2022")]
public sealed class Beit : IMethod
{
    private readonly int _pixels;

    private readonly Recipe _recipe;
    private readonly Options _options;

    public Beit(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Masked(recipe);
        Require.Positive(recipe, "loss.iterations", _options.Iterations);
        _pixels = recipe.Backbone.PatchSize * recipe.Backbone.PatchSize * 3;
        var grid = recipe.Views[0].Crop.Size / recipe.Backbone.PatchSize;
        var patches = recipe.Batch.Effective * (int)Math.Round(recipe.Views[0].Mask.Ratio * grid * grid);
        if (_options.Words < 2 || _options.Words > patches)
            throw Require.Error(recipe, "loss.words", $"is {_options.Words}", $"give 2 to {patches}: the codebook is fitted on the hidden patches of one step");
        State = [new("codebook", StateKind.Value, [_options.Words, _pixels], StateInitial.UnitRows), new("fitted", StateKind.Value, [1])];
    }

    public sealed record Options
    {
        /// <summary>K, visual words (the paper: 8192).</summary>
        public int Words { get; init; } = 512;

        /// <summary>Rounds of k-means.</summary>
        public int Iterations { get; init; } = 20;
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_options.Words);

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["patches"];

    public Networks Build()
    {
        var vit = BackboneCatalog.Transformer(_recipe.Backbone);
        return new Networks(new Branch(vit, decoder: new PixelHead(vit.FeatureDimension, _options.Words)));
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
            { "logits", PatchMask.Pick(head.call(tokens.narrow(1, 1, tokens.shape[1] - 1)), hidden) },
            { "patches", PatchMask.Pick(PatchPixels.Of(views[0], vit.PatchSize), hidden) },
        };
    }

    /// <summary>Cross entropy with the nearest word. Patches are of one length, so the nearest is that of the greatest cosine.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var words = Unit(embeddings["patches"].detach()).mm(state["codebook"].t()).argmax(1);
        return functional.cross_entropy(embeddings["logits"].flatten(0, 1), words);
    }

    /// <summary>The codebook, once, from the first step's hidden patches.</summary>
    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        if (state["fitted"].cpu().item<float>() > 0)
            return StateUpdate.None;
        var random = new RandomStream(step.Seed, Purpose.MethodState, 0, 0, 9);
        var (codebook, _) = SphericalKMeans.Run(Unit(carried["patches"]).Values<float>(), _pixels, _options.Words, _options.Iterations, random);
        return new StateUpdate([new StateChange("codebook", codebook), new StateChange("fitted", [1])]);
    }

    private Tensor Unit(Tensor patches) => functional.normalize(PatchPixels.Normalize(patches).reshape(-1, _pixels), dim: 1);
}
