using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>The two set-ups that most methods share; a method with other heads makes its own <see cref="Branch"/>.</summary>
public static class BuildNetworks
{
    /// <summary>Backbone, projector and, if asked for, predictor.</summary>
    public static Networks Student(Recipe recipe, bool predictor = false) => new(Branch(recipe, predictor));

    /// <summary>The same, and an EMA teacher of backbone and projector; a predictor is the student's alone.</summary>
    public static Networks StudentAndTeacher(Recipe recipe, bool predictor = false) => new(Branch(recipe, predictor), Branch(recipe, false));

    /// <summary>Backbone, projector and a linear layer that tells so many classes (pretext tasks).</summary>
    public static Networks Classifier(Recipe recipe, int classes)
    {
        var backbone = BackboneCatalog.Create(recipe.Backbone);
        return new Networks(new Branch(backbone, MlpHead.Create(recipe.Projector, backbone.FeatureDimension), Linear(ProjectionWidth(recipe), classes)));
    }

    /// <summary>The same where the projector sees the features of several tiles of an image one behind another.</summary>
    public static Networks TileClassifier(Recipe recipe, int tiles, int classes)
    {
        var backbone = BackboneCatalog.Create(recipe.Backbone);
        var inputs = tiles * backbone.FeatureDimension;
        return new Networks(new Branch(backbone, MlpHead.Create(recipe.Projector, inputs), Linear(MlpHead.OutputWidth(recipe.Projector, inputs), classes)));
    }

    /// <summary>D of the projections: the last width of the projector, or that of the features when there is none.</summary>
    public static int ProjectionWidth(Recipe recipe)
        => MlpHead.OutputWidth(recipe.Projector, BackboneCatalog.FeatureDimension(recipe.Backbone));

    private static Branch Branch(Recipe recipe, bool predictor)
    {
        var backbone = BackboneCatalog.Create(recipe);
        var projector = MlpHead.Create(recipe.Projector, backbone.FeatureDimension);
        return new Branch(backbone, projector, predictor ? MlpHead.Create(recipe.Predictor, ProjectionWidth(recipe), "predictor") : null);
    }
}
