using SslOrleans.Contracts.Recipes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// NPID: each image is its own class; the class weights are a bank of the embeddings that the images had when they were last
/// seen (cookbook eq. 5). One view. Embeddings <c>z1</c> <c>[N, D]</c>; state <c>bank</c> <c>[samples, D]</c>.
/// </summary>
[Method("npid", Views = 1, Family = "contrastive", Inventory = "M010",
    Paper = "Wu et al., Unsupervised Feature Learning via Non-Parametric Instance Discrimination, 2018")]
public sealed class Npid : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Npid(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.NotNegative(recipe, "loss.beta", _options.Beta);
        State = [new("bank", StateKind.Bank, [-1, BuildNetworks.ProjectionWidth(recipe)], StateInitial.UnitRows)];
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.07;

        /// <summary>β of the proximal term, which holds an embedding near its last one (K35).</summary>
        public double Beta { get; init; } = 1;

        /// <summary>Share of the old row that the bank keeps.</summary>
        public double BankMomentum { get; init; } = 0.5;
    }

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["z1"];

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => new() { { "z1", networks.Student.call(views[0]) } };

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var z = functional.normalize(embeddings["z1"], dim: 1);
        var ids = Ids(step, z.device);
        var contrast = functional.cross_entropy(z.mm(state["bank"].t()) / _options.Temperature, ids);
        var proximal = (z - state["bank"].index_select(0, ids)).square().sum(1).mean();
        step.Report("contrast", contrast);
        step.Report("proximal", proximal);
        return contrast + (_options.Beta * proximal);
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var z = functional.normalize(carried["z1"], dim: 1);
        var old = state["bank"].index_select(0, Ids(step, z.device));
        var mixed = (_options.BankMomentum * old) + ((1 - _options.BankMomentum) * z);
        return StateUpdate.Of("bank", functional.normalize(mixed, dim: 1), [.. step.SampleIds]);
    }

    private static Tensor Ids(StepContext step, Device device) => tensor(step.SampleIds.ToArray()).to(device);
}
