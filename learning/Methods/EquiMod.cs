using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// EquiMod: SimCLR, and a module that predicts, from the image as it is and from how a view was made of it, where the view's embedding lies: what the views vary is not lost. The third
/// view is the image as it is. Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>, and in a space of their own <c>e1</c>, <c>e2</c> (views) and <c>p1</c>, <c>p2</c> (predictions) <c>[N, D]</c>.
/// </summary>
[Method("equimod", Views = 3, Family = "equivariance", Inventory = "M109",
    Paper = "Devillers and Lefort, EquiMod: An Equivariance Module to Improve Visual Instance Discrimination, 2023")]
public sealed class EquiMod : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public EquiMod(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.NotNegative(recipe, "loss.equivariance", _options.Equivariance);
        Require.Positive(recipe, "loss.descriptionWidth", _options.DescriptionWidth);
    }

    public sealed record Options
    {
        /// <summary>τ of both terms.</summary>
        public double Temperature { get; init; } = 0.2;

        /// <summary>λ, weight of the predictions' term.</summary>
        public double Equivariance { get; init; } = 1;

        /// <summary>Width that the description of a view is brought to.</summary>
        public int DescriptionWidth { get; init; } = 128;
    }

    public bool Coupled => true;

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe.Backbone);
        var head = new EquivariantHead(
            MlpHead.Create(_recipe.Projector, backbone.FeatureDimension), BuildNetworks.ProjectionWidth(_recipe), ViewDescription.Length, _options.DescriptionWidth);
        return new Networks(new Branch(backbone, MlpHead.Create(_recipe.Projector, backbone.FeatureDimension), decoder: head));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var (student, head) = (networks.Student, (EquivariantHead)networks.Student.Decoder);
        var features = student.Backbone.call(cat([views[0], views[1], views[2]]));
        var n = views[0].shape[0];
        var invariant = student.Project(features.narrow(0, 0, 2 * n).clone()).chunk(2);
        var equivariant = head.Project(features).chunk(3);
        return new Embeddings
        {
            { "z1", invariant[0] },
            { "z2", invariant[1] },
            { "e1", equivariant[0] },
            { "e2", equivariant[1] },
            { "p1", head.Predict(equivariant[2], views.Description(0)) },
            { "p2", head.Predict(equivariant[2], views.Description(1)) },
        };
    }

    /// <summary>NT-Xent of the views, and NT-Xent of the embeddings of all views with their predictions: positives are a view and its own prediction.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var invariance = NtXent.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature);
        var equivariance = NtXent.Loss(cat([embeddings["e1"], embeddings["e2"]]), cat([embeddings["p1"], embeddings["p2"]]), _options.Temperature);
        step.Report("invariance", invariance);
        step.Report("equivariance", equivariance);
        return invariance + (_options.Equivariance * equivariance);
    }
}
