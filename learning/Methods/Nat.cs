using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// NaT: every image has a fixed random target of its own; in each batch the targets are dealt again, one to one, on the present
/// embeddings, and the loss is taken against what was dealt (cookbook eq. 7). One view. Embeddings <c>z1</c> <c>[N, D]</c>; state <c>targets</c> <c>[samples, D]</c>, row i being
/// the target that sample i has now.
/// </summary>
[Method("nat", Views = 1, Family = "gallery", Inventory = "M059",
    Paper = "Bojanowski and Joulin, Unsupervised Learning by Predicting Noise, 2017")]
public sealed class Nat : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Nat(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.dealEpochs", _options.DealEpochs);
        State = [new("targets", StateKind.Bank, [-1, BuildNetworks.ProjectionWidth(recipe)], StateInitial.UnitRows)];
    }

    public sealed record Options
    {
        /// <summary>Targets are dealt anew in every so-manieth epoch; in between an image keeps its own (the authors: 3).</summary>
        public int DealEpochs { get; init; } = 1;
    }

    public bool Coupled => true; // the targets are dealt among all images of the effective batch

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["z1"];

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => new() { { "z1", networks.Student.call(views[0]) } };

    /// <summary>Minus the mean cosine with the targets, after they were dealt on these embeddings: min over P, then the loss.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var z = embeddings["z1"];
        return -ByolRegression.Cosine(z, state["targets"].index_select(0, tensor(Dealt(z.detach(), state["targets"], step)).to(z.device)));
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var dealt = tensor(Dealt(carried["z1"], state["targets"], step)).to(carried["z1"].device);
        return StateUpdate.Of("targets", state["targets"].index_select(0, dealt), [.. step.SampleIds]);
    }

    /// <summary>
    /// The row of the targets that each image gets: the batch's own targets in the order that has the greatest sum of cosines. An image
    /// that is in the batch twice, where one epoch ends and the next begins, is dealt one target by its first row.
    /// </summary>
    private long[] Dealt(Tensor z, Tensor targets, StepContext step)
    {
        var ids = step.SampleIds;
        if (step.Epoch % _options.DealEpochs != 0)
            return [.. ids];
        var first = Enumerable.Range(0, ids.Count).DistinctBy(row => ids[row]).ToArray();
        var (rows, own) = (tensor(Array.ConvertAll(first, r => (long)r)).to(z.device), tensor(Array.ConvertAll(first, r => ids[r])).to(z.device));
        var values = functional.normalize(z.index_select(0, rows), dim: 1).mm(targets.index_select(0, own).t()).Values<float>();
        var chosen = Assignment.Maximize(first.Length, (row, column) => values[(row * first.Length) + column]);
        var target = first.Zip(chosen, (row, column) => (Id: ids[row], Target: ids[first[column]])).ToDictionary(p => p.Id, p => p.Target);
        return [.. ids.Select(id => target[id])];
    }
}
