using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// NaT: every image has a fixed random target of its own; in each batch the targets are dealt again, one to one, so that embeddings
/// move least (cookbook eq. 7). One view. Embeddings <c>z1</c> <c>[N, D]</c>; state <c>targets</c> <c>[samples, D]</c>, row i being
/// the target that sample i has now.
/// </summary>
[Method("nat", Views = 1, Family = "gallery", Inventory = "M059",
    Paper = "Bojanowski and Joulin, Unsupervised Learning by Predicting Noise, 2017")]
public sealed class Nat : IMethod
{
    private readonly Recipe _recipe;

    public Nat(Recipe recipe)
    {
        _recipe = recipe;
        MethodCatalog.Options<Options>(recipe);
        State = [new("targets", StateKind.Bank, [-1, BuildNetworks.ProjectionWidth(recipe)], StateInitial.UnitRows)];
    }

    public sealed record Options;

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["z1"];

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => new() { { "z1", networks.Student.call(views[0]) } };

    /// <summary>Minus the mean cosine with the targets.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => -ByolRegression.Cosine(embeddings["z1"], Targets(state, step, embeddings["z1"].device));

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var targets = Targets(state, step, carried["z1"].device);
        var cosines = functional.normalize(carried["z1"], dim: 1).mm(targets.t());
        var n = (int)cosines.shape[0];
        var values = cosines.Values<float>();
        var chosen = Assignment.Maximize(n, (row, column) => values[(row * n) + column]);
        var dealt = targets.index_select(0, tensor(Array.ConvertAll(chosen, c => (long)c)).to(targets.device));
        return StateUpdate.Of("targets", dealt, [.. step.SampleIds]);
    }

    private static Tensor Targets(MethodState state, StepContext step, Device device)
        => state["targets"].index_select(0, tensor(step.SampleIds.ToArray()).to(device));
}
