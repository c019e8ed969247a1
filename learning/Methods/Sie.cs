using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SIE: half of the features is invariant, VICReg's; from the other half of one view that of the other view is predicted by a linear map that depends on how both were made.
/// Embeddings <c>i1</c>, <c>i2</c> (invariant), <c>e1</c>, <c>e2</c> (equivariant), <c>p2</c> (what is predicted of <c>e2</c>) <c>[N, D]</c>.
/// </summary>
[Method("sie", Family = "equivariance", Inventory = "M112",
    Paper = "Garrido et al., Self-Supervised Learning of Split Invariant Equivariant Representations, 2023")]
public sealed class Sie : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Sie(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.NotNegative(recipe, "loss.invariance", _options.Invariance);
        Require.NotNegative(recipe, "loss.equivariance", _options.Equivariance);
        Require.NotNegative(recipe, "loss.variance", _options.Variance);
        Require.NotNegative(recipe, "loss.covariance", _options.Covariance);
        Require.Positive(recipe, "loss.hiddenWidth", _options.HiddenWidth);
    }

    public sealed record Options
    {
        /// <summary>λ of the invariant half.</summary>
        public double Invariance { get; init; } = 10;

        /// <summary>λ of the prediction.</summary>
        public double Equivariance { get; init; } = 4.5;

        /// <summary>μ, of both halves together and of what is predicted.</summary>
        public double Variance { get; init; } = 10;

        /// <summary>ν, of both halves together.</summary>
        public double Covariance { get; init; } = 1;

        /// <summary>ε in the standard deviation.</summary>
        public double Epsilon { get; init; } = 1e-4;

        /// <summary>Width of the layer between the views' descriptions and the weights of the map.</summary>
        public int HiddenWidth { get; init; } = 64;
    }

    public bool Coupled => true; // variance and covariance over the batch

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe.Backbone);
        var half = backbone.FeatureDimension / 2;
        return new Networks(new Branch(backbone, decoder: new HyperPredictor(
            MlpHead.Create(_recipe.Projector, half), MlpHead.Create(_recipe.Projector, half), MlpHead.OutputWidth(_recipe.Projector, half), 2 * ViewDescription.Length, _options.HiddenWidth)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var head = (HyperPredictor)networks.Student.Decoder;
        var (invariant, equivariant) = head.Project(networks.Student.Backbone.call(cat([views[0], views[1]])));
        var (i, e) = (invariant.chunk(2), equivariant.chunk(2));
        return new Embeddings
        {
            { "i1", i[0] },
            { "i2", i[1] },
            { "e1", e[0] },
            { "e2", e[1] },
            { "p2", head.Predict(e[0], cat([views.Description(0), views.Description(1)], 1)) },
        };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var (predicted, e2) = (embeddings["p2"], embeddings["e2"]);
        var invariance = Vicreg.Invariance(embeddings["i1"], embeddings["i2"]);
        var equivariance = Vicreg.Invariance(predicted, e2);
        Tensor[] views = [cat([embeddings["i1"], embeddings["e1"]], 1), cat([embeddings["i2"], e2], 1)];
        var variance = views.Append(predicted).Select(z => Vicreg.Variance(z, _options.Epsilon)).Aggregate((a, b) => a + b);
        var covariance = views.Select(Vicreg.Covariance).Aggregate((a, b) => a + b);
        step.Report("invariance", invariance);
        step.Report("equivariance", equivariance);
        return (_options.Invariance * invariance) + (_options.Equivariance * equivariance) + (_options.Variance * variance) + (_options.Covariance * covariance);
    }
}
