using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// VICRegL: VICReg on images and, beside it, on pairs of places of their last maps: places that lie at the same spot of the image, and places whose embeddings are nearest. Embeddings
/// <c>z1</c>, <c>z2</c> <c>[N, D]</c>; of each direction the pairs by location <c>a1</c>, <c>b1</c>, <c>a2</c>, <c>b2</c> and by feature <c>c1</c>, <c>d1</c>, <c>c2</c>, <c>d2</c>
/// <c>[N, G, D]</c>.
/// </summary>
[Method("vicregl", Family = "dense", Inventory = "M117",
    Paper = "Bardes et al., VICRegL: Self-Supervised Learning of Local Visual Features, 2022")]
public sealed class VicRegL : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public VicRegL(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.matches", _options.Matches);
        Require.NotNegative(recipe, "loss.invariance", _options.Invariance);
        Require.NotNegative(recipe, "loss.variance", _options.Variance);
        Require.NotNegative(recipe, "loss.covariance", _options.Covariance);
        Require.Positive(recipe, "loss.epsilon", _options.Epsilon);
        if (_options.Global is not (>= 0 and <= 1))
            throw Require.Error(recipe, "loss.global", $"is {_options.Global}", "give a share from 0 to 1");
        Require.Upright(recipe);
        Require.Upright(recipe, view: 1);
        if (recipe.Views.Select(v => v.Crop.Size).Distinct().Count() > 1)
            throw Require.Error(recipe, "views.1.crop.size", $"is {recipe.Views[1].Crop.Size}", $"make it that of the first view ({recipe.Views[0].Crop.Size}): their places are paired");
    }

    public sealed record Options
    {
        /// <summary>α, share of the images' term; the rest is the places'.</summary>
        public double Global { get; init; } = 0.75;

        /// <summary>γ, the nearest pairs of places that count; all where there are fewer.</summary>
        public int Matches { get; init; } = 20;

        /// <summary>λ.</summary>
        public double Invariance { get; init; } = 25;

        /// <summary>μ.</summary>
        public double Variance { get; init; } = 25;

        /// <summary>ν.</summary>
        public double Covariance { get; init; } = 1;

        /// <summary>ε in the standard deviation.</summary>
        public double Epsilon { get; init; } = 1e-4;
    }

    public bool Coupled => true; // variance and covariance over the batch

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe.Backbone);
        return new Networks(new Branch(
            backbone, MlpHead.Create(_recipe.Projector, backbone.FeatureDimension), new PlaceHead(MlpHead.Create(_recipe.Projector, backbone.FeatureDimension))));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var student = networks.Student;
        var places = student.Backbone.Places(cat([views[0], views[1]]));
        var images = student.Project(places.mean([1])).chunk(2);
        var local = student.Predictor.call(places).chunk(2);
        var found = new Embeddings { { "z1", images[0] }, { "z2", images[1] } };
        var grid = (int)Math.Sqrt(places.shape[1]);
        for (var view = 0; view < 2; view++)
        {
            var (own, other) = (local[view], local[1 - view]);
            Add("a", "b", PlacePairs.ByLocation(views.Description(view), views.Description(1 - view), grid, _options.Matches));
            Add("c", "d", PlacePairs.ByFeature(own, other, _options.Matches));

            void Add(string first, string second, (Tensor Own, Tensor Other) pairs)
            {
                found.Add($"{first}{view + 1}", PatchMask.Pick(own, pairs.Own));
                found.Add($"{second}{view + 1}", PatchMask.Pick(other, pairs.Other));
            }
        }

        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        Tensor Local(string a, string b) => Pairs(embeddings[a], embeddings[b]);
        var images = Pairs(embeddings["z1"].unsqueeze(1), embeddings["z2"].unsqueeze(1));
        var location = (Local("a1", "b1") + Local("a2", "b2")) / 2;
        var feature = (Local("c1", "d1") + Local("c2", "d2")) / 2;
        step.Report("images", images);
        step.Report("location", location);
        step.Report("feature", feature);
        return (_options.Global * images) + ((1 - _options.Global) * (location + feature));
    }

    /// <summary>λ·invariance + μ·(mean of both variances) + ν·(sum of both covariances), as <see cref="VicReg"/>'s.</summary>
    private Tensor Pairs(Tensor a, Tensor b)
        => (_options.Invariance * LocalVicreg.Invariance(a, b))
            + (_options.Variance * (LocalVicreg.Variance(a, _options.Epsilon) + LocalVicreg.Variance(b, _options.Epsilon)) / 2)
            + (_options.Covariance * (LocalVicreg.Covariance(a) + LocalVicreg.Covariance(b)));
}
