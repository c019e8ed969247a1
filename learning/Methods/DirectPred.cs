using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DirectPred: BYOL whose predictor is not trained but set, once per step, from the eigenvectors of the projections' correlation.
/// Embeddings <c>z1</c>, <c>z2</c>, <c>key1</c>, <c>key2</c> <c>[N, D]</c>; state <c>correlation</c> and <c>predictor</c> <c>[D, D]</c>.
/// </summary>
[Method("directpred", Family = "self-distillation", Inventory = "M052",
    Paper = "Tian et al., Understanding Self-Supervised Learning Dynamics without Contrastive Pairs, 2021")]
public sealed class DirectPred : IMethod
{
    private readonly Recipe _recipe;
    private readonly double _momentum;
    private readonly Func<Tensor, Tensor> _predictor;

    public DirectPred(Recipe recipe)
        : this(recipe, MethodCatalog.Options<Options>(recipe))
    {
    }

    /// <param name="recipe">The recipe.</param>
    /// <param name="momentum">ρ.</param>
    /// <param name="epsilon">ε, to be refused when it is negative.</param>
    /// <param name="predictor">Correlation to predictor, both <c>[D, D]</c>.</param>
    internal DirectPred(Recipe recipe, double momentum, double epsilon, Func<Tensor, Tensor> predictor)
    {
        (_recipe, _momentum, _predictor) = (recipe, momentum, predictor);
        Require.NotNegative(recipe, "loss.epsilon", epsilon);
        var width = BuildNetworks.ProjectionWidth(recipe);
        State = [new("correlation", StateKind.Value, [width, width]), new("predictor", StateKind.Value, [width, width])];
    }

    private DirectPred(Recipe recipe, Options options)
        : this(recipe, options.CorrelationMomentum, options.Epsilon, correlation => ClosedFormPredictor.ByEigenvalues(correlation, options.Epsilon))
    {
    }

    public sealed record Options
    {
        /// <summary>ρ of the running correlation.</summary>
        public double CorrelationMomentum { get; init; } = 0.3;

        /// <summary>ε, what every direction keeps.</summary>
        public double Epsilon { get; init; } = 0.1;
    }

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["z1", "z2"];

    public Networks Build() => BuildNetworks.StudentAndTeacher(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.WithKeys(networks, views, TwoViews.Apart(networks, views));

    /// <summary>BYOL's loss with the predictor of the state; before the first correlation is known it is the identity.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        Tensor Predict(Tensor z) => step.Step == 0 ? z : z.mm(state["predictor"].t());
        return ByolRegression.Loss(Predict(embeddings["z1"]), embeddings["key2"]) + ByolRegression.Loss(Predict(embeddings["z2"]), embeddings["key1"]);
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var correlation = ClosedFormPredictor.Correlation(state["correlation"], carried["z1"], carried["z2"], _momentum);
        return new StateUpdate([StateUpdate.Change("correlation", correlation), StateUpdate.Change("predictor", _predictor(correlation))]);
    }
}
