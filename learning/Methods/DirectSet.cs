using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DirectSet: DirectPred without the eigendecomposition; the predictor is the scaled correlation itself.
/// Embeddings <c>z1</c>, <c>z2</c>, <c>key1</c>, <c>key2</c> <c>[N, D]</c>; state <c>correlation</c> and <c>predictor</c> <c>[D, D]</c>.
/// </summary>
[Method("directset", Family = "self-distillation", Inventory = "M053",
    Paper = "Wang et al., Towards Demystifying Representation Learning with Non-contrastive Self-supervision, 2021")]
public sealed class DirectSet : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public DirectSet(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Views(recipe, 2);
        Require.NotNegative(recipe, "loss.epsilon", _options.Epsilon);
        var width = BuildNetworks.ProjectionWidth(recipe);
        State = [new("correlation", StateKind.Value, [width, width]), new("predictor", StateKind.Value, [width, width])];
    }

    public sealed record Options
    {
        /// <summary>ρ of the running correlation.</summary>
        public double CorrelationMomentum { get; init; } = 0.3;

        /// <summary>ε, what every direction keeps.</summary>
        public double Epsilon { get; init; } = 0.3;
    }

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["z1", "z2"];

    public Networks Build() => BuildNetworks.StudentAndTeacher(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = new Embeddings { { "z1", networks.Student.call(views[0]) }, { "z2", networks.Student.call(views[1]) } };
        using (no_grad())
        {
            found.Add("key1", networks.Teacher!.call(views[0]));
            found.Add("key2", networks.Teacher!.call(views[1]));
        }

        return found;
    }

    /// <summary>BYOL's loss with the predictor of the state; before the first correlation is known it is the identity.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        Tensor Predict(Tensor z) => step.Step == 0 ? z : z.mm(state["predictor"].t());
        return ByolRegression.Loss(Predict(embeddings["z1"]), embeddings["key2"]) + ByolRegression.Loss(Predict(embeddings["z2"]), embeddings["key1"]);
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var correlation = ClosedFormPredictor.Correlation(state["correlation"], carried["z1"], carried["z2"], _options.CorrelationMomentum);
        var predictor = ClosedFormPredictor.ByCopy(correlation, _options.Epsilon);
        return new StateUpdate([StateUpdate.Change("correlation", correlation), StateUpdate.Change("predictor", predictor)]);
    }
}
