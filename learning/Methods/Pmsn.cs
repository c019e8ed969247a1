using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// PMSN: MSN with a power-law prior in place of the uniform one, for data whose classes are not of one size.
/// The first view is the teacher's target, the others are anchors; an anchor whose view has a mask drops its hidden patches.
/// Embeddings <c>key1</c>, <c>z2</c> … <c>zV</c> <c>[N, D]</c> and <c>prototypes</c> <c>[K, D]</c>, the same from every micro-batch.
/// </summary>
[Method("pmsn", Family = "self-distillation", Inventory = "M057",
    Paper = "Assran et al., The Hidden Uniform Cluster Prior in Self-Supervised Learning, 2023")]
public sealed class Pmsn : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly int _views;

    public Pmsn(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        _views = recipe.Views.Sum(v => v.Count);
        Require.Views(recipe, 2);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "loss.sharpening", _options.Sharpening);
        Require.Positive(recipe, "loss.prototypes", _options.Prototypes);
        Require.NotNegative(recipe, "loss.regularization", _options.Regularization);
        Require.NotNegative(recipe, "loss.exponent", _options.Exponent);
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.1;

        /// <summary>T, sharpening of the targets.</summary>
        public double Sharpening { get; init; } = 0.25;

        /// <summary>K.</summary>
        public int Prototypes { get; init; } = 1024;

        /// <summary>Weight of the divergence between the mean assignment and the prior.</summary>
        public double Regularization { get; init; } = 1;

        /// <summary>Exponent of the power-law prior over prototypes.</summary>
        public double Exponent { get; init; } = 0.25;
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
        var logits = Enumerable.Range(2, _views - 1).Select(v => Prototypes.Cosines(embeddings[$"z{v}"], prototypes) / _options.Temperature).ToList();
        var agreement = stack([.. logits.Select(l => SoftCrossEntropy.Loss(target, l))]).mean();
        var divergence = MaskedSiamese.MeanDivergence(cat([.. logits]).softmax(1), _options.Exponent);
        step.Report("agreement", agreement);
        step.Report("divergence", divergence);
        return agreement + (_options.Regularization * divergence);
    }
}
