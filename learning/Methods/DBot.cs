using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// dBOT: MAE whose targets are the tokens of a teacher that does not change; the teacher of the first stage is random, that of each further stage the student of the stage before, and every
/// stage begins with a new student. A stage is a run: without <c>teacher.weights</c> the first one, with it the next. One view, whose mask the recipe describes in
/// <c>views.0.mask</c>. Embeddings <c>prediction</c> and <c>target</c> <c>[N, H, F]</c>.
/// </summary>
[Method("dbot", Views = 1, Masked = 1, FrozenTeacher = FrozenTeacher.OrRandom, Family = "masked-image-modelling", Inventory = "M085",
    Paper = "Liu et al., Exploring Target Representations for Masked Autoencoders, 2022")]
public sealed class DBot : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public DBot(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Masked(recipe);
        Require.SamePatches(recipe);
        Require.Positive(recipe, "loss.beta", _options.Beta);
        Require.Decoder(recipe, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads);
    }

    public sealed record Options
    {
        /// <summary>β, where the loss goes from square to absolute value.</summary>
        public double Beta { get; init; } = 2;

        public int DecoderWidth { get; init; } = 512;

        public int DecoderDepth { get; init; } = 8;

        public int DecoderHeads { get; init; } = 16;
    }

    public bool Coupled => false;

    public Networks Build()
    {
        var vit = BackboneCatalog.Transformer(_recipe.Backbone, fixedPositions: true);
        var teacher = BackboneCatalog.Transformer(TeacherRecipe.BackboneOf(_recipe), fixedPositions: true);
        var decoder = new MaskedDecoder(vit.FeatureDimension, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads, teacher.FeatureDimension, vit.Grid);
        return new Networks(new Branch(vit, decoder: decoder), Frozen: new Branch(teacher));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var vit = (Vit)networks.Student.Backbone;
        var mask = PatchMask.Of(views, 0, _recipe, step);
        var hidden = mask.Hidden(step.Device);
        var visible = PatchMask.Pick(vit.AddPositions(vit.Embed(views[0])), mask.Visible(step.Device));
        var prediction = ((MaskedDecoder)networks.Student.Decoder).call(vit.Transform(visible), mask.Restore(step.Device));
        var found = new Embeddings { { "prediction", PatchMask.Pick(prediction, hidden) } };
        using var off = no_grad();
        var tokens = ((Vit)networks.Frozen!.Backbone).Tokens(views[0]);
        found.Add("target", PatchMask.Pick(tokens.narrow(1, 1, tokens.shape[1] - 1), hidden));
        return found;
    }

    /// <summary>Smooth ℓ1 against the teacher's tokens, each normalised to mean 0 and variance 1.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var target = embeddings["target"].detach();
        return LayerTargets.SmoothL1(embeddings["prediction"], functional.layer_norm(target, [target.shape[2]]), _options.Beta);
    }
}
