using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// I-JEPA: from a context block less the target blocks, a small transformer predicts the EMA teacher's tokens at each target block,
/// one block at a time; no views, no pixels.
/// Embeddings <c>prediction</c> and <c>target</c> <c>[N, H, F]</c>, the target blocks of an image one behind another.
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
        using (var vit = BackboneCatalog.Transformer(recipe.Backbone))
        {
            if (vit.Grid < 2)
                throw Require.Error(recipe, "backbone.patchSize", $"is {recipe.Backbone.PatchSize}", $"{recipe.Method} needs at least 2 patches along a side of backbone.imageSize ({recipe.Backbone.ImageSize})");
            foreach (var view in recipe.Views.Where(v => v.Crop.Size != recipe.Backbone.ImageSize || v.Crop.Ramp.From > 0))
                throw Require.Error(recipe, "views.0.crop.size", $"is {view.Crop.Size}", $"{recipe.Method}'s predictor has the positions of backbone.imageSize ({recipe.Backbone.ImageSize}) alone");
        }

        Require.Positive(recipe, "loss.targets", _options.Targets);
        Require.Range(recipe, "loss.targetScale", _options.TargetScale, 0.5);
        Require.Range(recipe, "loss.contextScale", _options.ContextScale, 1);
        Require.Decoder(recipe, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads);
    }

    public sealed record Options
    {
        /// <summary>Target blocks of an image.</summary>
        public int Targets { get; init; } = 4;

        /// <summary>Least and greatest area of a target block as a share of the image's.</summary>
        public IReadOnlyList<double> TargetScale { get; init; } = [0.15, 0.2];

        /// <summary>The same of the context block, before the targets are cut out of it.</summary>
        public IReadOnlyList<double> ContextScale { get; init; } = [0.85, 1];

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
        var blocks = new JepaBlocks(Settings(vit.Grid), step);
        var context = blocks.Context(step.Device);
        var targets = Enumerable.Range(0, blocks.Count).Select(b => blocks.Target(b, step.Device)).ToList();
        var seen = vit.Transform(PatchMask.Pick(vit.AddPositions(vit.Embed(views[0])), context));
        var predictor = (MaskedDecoder)networks.Student.Decoder;

        // Blocks beside each other in the batch, so that none sees another.
        var predicted = predictor.Predict(seen.repeat(targets.Count, 1, 1), context.repeat(targets.Count, 1), cat(targets));
        var found = new Embeddings { { "prediction", cat(predicted.chunk(targets.Count), 1) } };
        using (no_grad())
        {
            var tokens = ((Vit)networks.Teacher!.Backbone).Tokens(views[0]);
            found.Add("target", PatchMask.Pick(tokens.narrow(1, 1, tokens.shape[1] - 1), cat(targets, 1)));
        }

        return found;
    }

    /// <summary>Smooth ℓ1 against the teacher's tokens, each normalised to mean 0 and variance 1.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var target = embeddings["target"].detach();
        return functional.smooth_l1_loss(embeddings["prediction"], functional.layer_norm(target, [target.shape[2]]));
    }

    private JepaSettings Settings(int grid) => new()
    {
        Grid = grid,
        Targets = _options.Targets,
        TargetScaleMin = (float)_options.TargetScale[0],
        TargetScaleMax = (float)_options.TargetScale[1],
        ContextScaleMin = (float)_options.ContextScale[0],
        ContextScaleMax = (float)_options.ContextScale[1],
    };
}
