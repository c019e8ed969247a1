using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// I-JEPA: from the visible patches, a small transformer predicts the EMA teacher's tokens at the hidden ones; no views, no pixels.
/// The hidden blocks of <c>views.0.mask</c> (kind <c>block</c>) are predicted together.
/// Embeddings <c>prediction</c> and <c>target</c> <c>[N, H, D]</c>.
/// </summary>
[Method("ijepa", Views = 1, Family = "masked-image-modelling", Inventory = "M084",
    Paper = "Assran et al., Self-Supervised Learning from Images with a Joint-Embedding Predictive Architecture, 2023")]
public sealed class IJepa : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public IJepa(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Masked(recipe);
        Require.Decoder(recipe, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads);
    }

    public sealed record Options
    {
        public int DecoderWidth { get; init; } = 384;

        public int DecoderDepth { get; init; } = 6;

        public int DecoderHeads { get; init; } = 12;
    }

    public bool Coupled => false;

    public Networks Build()
    {
        var vit = BackboneCatalog.Transformer(_recipe.Backbone, fixedPositions: true);
        var predictor = new MaskedDecoder(
            vit.FeatureDimension, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads, vit.FeatureDimension, vit.Grid);
        return new Networks(new Branch(vit, decoder: predictor), new Branch(BackboneCatalog.Transformer(_recipe.Backbone, fixedPositions: true)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var vit = (Vit)networks.Student.Backbone;
        var mask = PatchMask.Of(views, 0, _recipe, step);
        var hidden = mask.Hidden(step.Device);
        var visible = PatchMask.Pick(vit.AddPositions(vit.Embed(views[0])), mask.Visible(step.Device));
        var prediction = ((MaskedDecoder)networks.Student.Decoder).call(vit.Transform(visible), mask.Restore(step.Device));
        var found = new Embeddings { { "prediction", PatchMask.Pick(prediction, hidden) } };
        using (no_grad())
        {
            var tokens = ((Vit)networks.Teacher!.Backbone).Tokens(views[0]);
            found.Add("target", PatchMask.Pick(tokens.narrow(1, 1, tokens.shape[1] - 1), hidden));
        }

        return found;
    }

    /// <summary>Smooth ℓ1 against the teacher's tokens, each normalised to mean 0 and variance 1.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var target = embeddings["target"].detach();
        return functional.smooth_l1_loss(embeddings["prediction"], functional.layer_norm(target, [target.shape[2]]));
    }
}
