using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// VICReg: views agree (invariance), every dimension keeps its spread (variance), dimensions are uncorrelated (covariance).
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("vicreg", Modalities = [Modality.Image, Modality.Audio, Modality.Video], Family = "canonical-correlation", Inventory = "M072",
    Paper = "Bardes et al., VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning, 2022")]
public sealed class VicReg : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public VicReg(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.NotNegative(recipe, "loss.invariance", _options.Invariance);
        Require.NotNegative(recipe, "loss.variance", _options.Variance);
        Require.NotNegative(recipe, "loss.covariance", _options.Covariance);
        Require.Positive(recipe, "loss.epsilon", _options.Epsilon);
        Require.OneOf(recipe, "loss.varianceOverViews", _options.VarianceOverViews, "mean", "sum");
    }

    public sealed record Options
    {
        /// <summary>λ.</summary>
        public double Invariance { get; init; } = 25;

        /// <summary>μ.</summary>
        public double Variance { get; init; } = 25;

        /// <summary>ν.</summary>
        public double Covariance { get; init; } = 1;

        /// <summary>ε beside the variance.</summary>
        public double Epsilon { get; init; } = 1e-4;

        /// <summary><c>mean</c> as in the authors' code, or <c>sum</c> as in the runs behind the published CIFAR numbers.</summary>
        public string VarianceOverViews { get; init; } = "mean";
    }

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Apart(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var (z1, z2) = (embeddings["z1"], embeddings["z2"]);
        var invariance = Vicreg.Invariance(z1, z2);
        var variance = Vicreg.Variance(z1, _options.Epsilon) + Vicreg.Variance(z2, _options.Epsilon);
        if (_options.VarianceOverViews == "mean")
            variance /= 2;
        var covariance = Vicreg.Covariance(z1) + Vicreg.Covariance(z2);
        step.Report("invariance", invariance);
        step.Report("variance", variance);
        step.Report("covariance", covariance);
        return (_options.Invariance * invariance) + (_options.Variance * variance) + (_options.Covariance * covariance);
    }
}
