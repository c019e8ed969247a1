using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DirectSet: DirectPred without the eigendecomposition; the predictor is the scaled correlation itself.
/// Views, networks, embeddings and state are DirectPred's.
/// </summary>
[Method("directset", Family = "self-distillation", Inventory = "M053",
    Paper = "Wang et al., Towards Demystifying Representation Learning with Non-contrastive Self-supervision, 2021")]
public sealed class DirectSet : IMethod
{
    private readonly DirectPred _directPred;

    public DirectSet(Recipe recipe)
    {
        var options = MethodCatalog.Options<Options>(recipe);
        _directPred = new DirectPred(recipe, options.CorrelationMomentum, options.Epsilon, correlation => ClosedFormPredictor.ByCopy(correlation, options.Epsilon));
    }

    public sealed record Options
    {
        /// <summary>ρ of the running correlation.</summary>
        public double CorrelationMomentum { get; init; } = 0.3;

        /// <summary>ε, what every direction keeps.</summary>
        public double Epsilon { get; init; } = 0.3;
    }

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State => _directPred.State;

    public IReadOnlyList<string> Carried => _directPred.Carried;

    public Networks Build() => _directPred.Build();

    public Embeddings Encode(Networks networks, Views views, StepContext step) => _directPred.Encode(networks, views, step);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step) => _directPred.Loss(embeddings, state, step);

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step) => _directPred.Advance(state, carried, step);
}
