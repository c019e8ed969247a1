using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// E-SSL: SimCLR on two views, which learns to be invariant, and on a third one, small and plain, in four rotations, which of them it is: to rotations the features stay
/// sensitive. Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>, <c>logits</c> <c>[N, 4, 4]</c>, by rotation and class.
/// </summary>
[Method("essl", Views = 3, Family = "equivariance", Inventory = "M108",
    Paper = "Dangovski et al., Equivariant Contrastive Learning, 2022")]
public sealed class ESsl : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public ESsl(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.NotNegative(recipe, "loss.rotation", _options.Rotation);
        Require.Positive(recipe, "loss.rotationWidth", _options.RotationWidth);
        Require.Upright(recipe, view: 2);
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.5;

        /// <summary>λ, weight of the rotations' term.</summary>
        public double Rotation { get; init; } = 0.4;

        /// <summary>Width of the two hidden layers that tell rotations.</summary>
        public int RotationWidth { get; init; } = 2048;
    }

    public bool Coupled => true;

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe.Backbone);
        var rotation = new HeadRecipe { Shape = $"{_options.RotationWidth}-{_options.RotationWidth}-{QuarterTurns.Count}", BatchNorm = _recipe.Projector.BatchNorm };
        return new Networks(new Branch(backbone, MlpHead.Create(_recipe.Projector, backbone.FeatureDimension), MlpHead.Create(rotation, backbone.FeatureDimension, "loss.rotationWidth")));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = TwoViews.Together(networks, views);
        found.Add("logits", QuarterTurns.ByImage(networks.Student.Predict(networks.Student.Backbone.call(QuarterTurns.Of(views[2])))));
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var contrast = NtXent.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature);
        var rotation = QuarterTurns.Loss(embeddings["logits"]);
        step.Report("contrast", contrast);
        step.Report("rotation", rotation);
        return contrast + (_options.Rotation * rotation);
    }
}
