using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// data2vec for images: with some of its patches hidden behind a learned token, the student predicts at those places the mean of the last K layers of an EMA teacher that sees
/// the whole view. One view, whose mask the recipe describes in <c>views.0.mask</c>. Embeddings <c>prediction</c> <c>[N, H, F]</c>, <c>layers</c>
/// <c>[N, H, K, F]</c>, what the teacher's last K blocks put out there.
/// </summary>
[Method("data2vec", Views = 1, Masked = 1, Family = "masked-image-modelling", Inventory = "M082",
    Paper = "Baevski et al., data2vec: A General Framework for Self-supervised Learning in Speech, Vision and Language, 2022")]
public sealed class Data2Vec : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Data2Vec(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Masked(recipe);
        Require.Layers(recipe, _options.Layers);
        Require.Positive(recipe, "loss.beta", _options.Beta);
    }

    public sealed record Options
    {
        /// <summary>K, last blocks of the teacher that are averaged; 0: half of them.</summary>
        public int Layers { get; init; }

        /// <summary>β, where the loss goes from square to absolute value.</summary>
        public double Beta { get; init; } = 2;
    }

    public bool Coupled => false;

    public Networks Build()
    {
        var vit = BackboneCatalog.Transformer(_recipe.Backbone);
        return new Networks(
            new Branch(vit, decoder: new PixelHead(vit.FeatureDimension, vit.FeatureDimension)),
            new Branch(BackboneCatalog.Transformer(_recipe.Backbone)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var vit = (Vit)networks.Student.Backbone;
        var head = (PixelHead)networks.Student.Decoder;
        var mask = PatchMask.Of(views, 0, _recipe, step);
        var hidden = mask.Hidden(step.Device);
        var tokens = vit.Transform(vit.AddPositions(head.Hide(vit.Embed(views[0]), mask.ToTensor(step.Device))));
        var found = new Embeddings { { "prediction", PatchMask.Pick(head.call(tokens.narrow(1, 1, tokens.shape[1] - 1)), hidden) } };
        using var off = no_grad();
        found.Add("layers", LayersAt(networks.Teacher!, views[0], _options.Layers > 0 ? _options.Layers : (vit.Depth + 1) / 2, hidden));
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => LayerTargets.SmoothL1(embeddings["prediction"], LayerTargets.Of(embeddings["layers"]), _options.Beta);

    /// <summary>What the last blocks of a teacher put out at some places <c>[N, H]</c> of whole images: <c>[N, H, K, F]</c>.</summary>
    internal static Tensor LayersAt(Branch teacher, Tensor images, int count, Tensor places)
        => stack([.. ((Vit)teacher.Backbone).Layers(images, count).Select(l => PatchMask.Pick(l.narrow(1, 1, l.shape[1] - 1), places))], 2);
}
