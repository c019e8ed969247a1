using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>What SPR and SGI share: the first observation's latent state, moved on by the actions, is compared with the EMA teacher's of the observations that follow.</summary>
internal sealed class LatentDynamics
{
    private readonly Recipe _recipe;
    private readonly bool _inverse;

    public LatentDynamics(Recipe recipe, bool inverse)
    {
        (_recipe, _inverse) = (recipe, inverse);
        Require.Kinds(recipe, ViewKind.Clip, ViewKind.Action);
        Require.PredictorFits(recipe);
        if (TrajectoryViews.Stack(recipe) < 1)
            throw Require.Error(recipe, "views.0.clip.frames", $"is {recipe.Views[0].Clip.Frames}", $"{recipe.Method} needs an observation and the {TrajectoryViews.Steps(recipe)} frames behind it; give more than views.1.action.steps");
        if (recipe.Views[0].Clip.Stride != 1)
            throw Require.Error(recipe, "views.0.clip.stride", $"is {recipe.Views[0].Clip.Stride}", $"{recipe.Method} has an action from each frame to the next; use 1");
    }

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe);
        var width = BuildNetworks.ProjectionWidth(_recipe);
        var student = new Branch(
            backbone,
            MlpHead.Create(_recipe.Projector, backbone.FeatureDimension),
            MlpHead.Create(_recipe.Predictor, width, "predictor"),
            decoder: new TransitionModel(backbone.FeatureDimension, width, TrajectoryViews.Kinds(_recipe), _inverse));
        return new Networks(student, new Branch(BackboneCatalog.Create(_recipe), MlpHead.Create(_recipe.Projector, backbone.FeatureDimension)));
    }

    /// <summary>Embeddings <c>prediction</c>, without gradient <c>target</c> <c>[N, K, D]</c>; with an inverse model <c>scores</c> <c>[N, K, A]</c> and, without gradient, <c>actions</c> <c>[N, K]</c>.</summary>
    public Embeddings Encode(Networks networks, Views views)
    {
        var (steps, frames) = (TrajectoryViews.Steps(_recipe), TrajectoryViews.Stack(_recipe));
        var model = (TransitionModel)networks.Student.Decoder;
        Tensor Observation(int step) => views[0].narrow(1, step, frames).contiguous();
        var first = networks.Student.Backbone.call(Observation(0));
        var (state, predictions) = (first, new List<Tensor>());
        for (var step = 0; step < steps; step++)
        {
            state = model.call(state, views[1].select(1, step));
            predictions.Add(networks.Student.Predict(networks.Student.Project(state)));
        }

        var found = new Embeddings { { "prediction", Together(predictions) } };
        using (no_grad())
            found.Add("target", Together(Enumerable.Range(1, steps).Select(step => networks.Teacher!.call(Observation(step)))]));
        if (_inverse)
        {
            var own = Enumerable.Range(1, steps).Select(step => networks.Student.call(Observation(step))).Prepend(networks.Student.Project(first)).ToList();
            found.Add("scores", Together(Enumerable.Range(0, steps).Select(step => model.Between(own[step], own[step + 1]))));
            found.Add("actions", views[1].to(ScalarType.Float32));
        }

        return found;
    }

    /// <summary>K times <c>[N, D]</c> to <c>[N, K, D]</c>.</summary>
    private static Tensor Together(IEnumerable<Tensor> parts) => stack([.. parts], 1);
}
