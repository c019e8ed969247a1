using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// MSN: masked anchors agree with the EMA teacher on soft assignments to prototypes; the mean assignment of the effective batch is
/// kept near uniform.
/// The first view is the teacher's target, the others are anchors; an anchor whose view has a mask drops its hidden patches.
/// Embeddings <c>key1</c>, <c>z2</c> … <c>zV</c> <c>[N, D]</c> and <c>prototypes</c> <c>[K, D]</c>, the same from every micro-batch.
/// </summary>
[Method("msn", MoreViews = true, MayMask = true, Family = "self-distillation", Inventory = "M056",
    Paper = "Assran et al., Masked Siamese Networks for Label-Efficient Learning, 2022")]
public sealed class Msn : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly double _priorExponent;
    private readonly bool _fromPrior;
    private readonly int _views;

    public Msn(Recipe recipe)
        : this(recipe, MethodCatalog.Options<Options>(recipe), priorExponent: 0)
    {
    }

    /// <param name="recipe">The recipe.</param>
    /// <param name="options">Its loss section.</param>
    /// <param name="priorExponent">0 for the uniform prior; above 0 for PMSN's power law.</param>
    /// <param name="fromPrior">KL(prior ‖ p̄) in the place of KL(p̄ ‖ prior).</param>
    internal Msn(Recipe recipe, Options options, double priorExponent, bool fromPrior = false)
    {
        _fromPrior = fromPrior;
        _recipe = recipe;
        _options = options;
        _priorExponent = priorExponent;
        _views = recipe.Views.Sum(v => v.Count);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "loss.sharpening", _options.Sharpening);
        Require.Positive(recipe, "loss.prototypes", _options.Prototypes);
        Require.NotNegative(recipe, "loss.regularization", _options.Regularization);
        Require.NotNegative(recipe, "loss.sinkhorn", _options.Sinkhorn);
        Require.NotMasked(recipe, 0, "the teacher sees its view whole");
        for (var view = 1; view < _views; view++)
            Require.SameMask(recipe, view);
    }

    public record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.1;

        /// <summary>T, sharpening of the targets.</summary>
        public double Sharpening { get; init; } = 0.25;

        /// <summary>K.</summary>
        public int Prototypes { get; init; } = 1024;

        /// <summary>Weight of the divergence between the mean assignment and the prior.</summary>
        public double Regularization { get; init; } = 1;

        /// <summary>Rounds of Sinkhorn on the targets of the effective batch (3 in the authors' configurations); 0: none.</summary>
        public int Sinkhorn { get; init; }
    }

    public bool Coupled => true;

    public Networks Build()
    {
        Branch Make(bool prototypes)
        {
            var backbone = BackboneCatalog.Create(_recipe.Backbone);
            return new Branch(backbone, MlpHead.Create(_recipe.Projector, backbone.FeatureDimension),
                prototypes: prototypes ? new Prototypes(_options.Prototypes, BuildNetworks.ProjectionWidth(_recipe)) : null);
        }

        return new Networks(Make(prototypes: true), Make(prototypes: false));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = new Embeddings();
        using (no_grad())
            found.Add("key1", networks.Teacher!.call(views[0]));
        for (var view = 1; view < _views; view++)
            found.Add($"z{view + 1}", networks.Student.Project(MaskedViews.Features(networks.Student, views, view, _recipe, step)));
        found.Add("prototypes", ((Prototypes)networks.Student.Prototypes).Weight.alias());
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        // Every micro-batch brings the same prototypes; the first one's carry the gradient.
        var prototypes = embeddings["prototypes"].narrow(0, 0, _options.Prototypes);
        var target = MaskedSiamese.Sharpen(Prototypes.Cosines(embeddings["key1"], prototypes), _options.Temperature, _options.Sharpening);
        if (_options.Sinkhorn > 0)
            target = Sinkhorn.Balance(target, _options.Sinkhorn);
        var logits = Enumerable.Range(2, _views - 1).Select(v => Prototypes.Cosines(embeddings[$"z{v}"], prototypes) / _options.Temperature).ToList();
        var agreement = stack([.. logits.Select(l => SoftCrossEntropy.Loss(target, l))]).mean();
        var assignments = cat([.. logits]).softmax(1);
        var divergence = _fromPrior ? MaskedSiamese.PriorDivergence(assignments, _priorExponent) : MaskedSiamese.MeanDivergence(assignments, _priorExponent);
        step.Report("agreement", agreement);
        step.Report("divergence", divergence);
        return agreement + (_options.Regularization * divergence);
    }
}
