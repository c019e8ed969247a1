using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// NNCLR: the anchor is the nearest neighbour of one view in a queue of past projections, the positive the prediction of the
/// other view. Embeddings <c>p1</c>, <c>p2</c>, and <c>z1</c>, <c>z2</c> without gradient, <c>[N, D]</c>; state <c>queue</c> <c>[K, D]</c>.
/// </summary>
[Method("nnclr", Family = "contrastive", Inventory = "M016",
    Paper = "Dwibedi et al., With a Little Help from My Friends: Nearest-Neighbor Contrastive Learning of Visual Representations, 2021")]
public sealed class Nnclr : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Nnclr(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.PredictorFits(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Queue(recipe, "loss.queue", _options.Queue);
        State = [new("queue", StateKind.Queue, [_options.Queue, BuildNetworks.ProjectionWidth(recipe)], StateInitial.UnitRows)];
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.1;

        /// <summary>K, length of the support set; a multiple of the effective batch.</summary>
        public int Queue { get; init; } = 65536;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(_recipe.Batch.Effective);

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["z1"];

    public Networks Build() => BuildNetworks.Student(_recipe, predictor: true);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var z1 = networks.Student.call(views[0]);
        var z2 = networks.Student.call(views[1]);
        return new Embeddings
        {
            { "p1", networks.Student.Predict(z1) },
            { "p2", networks.Student.Predict(z2) },
            { "z1", functional.normalize(z1.detach(), dim: 1) },
            { "z2", functional.normalize(z2.detach(), dim: 1) },
        };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var neighbour1 = Neighbours.Nearest(embeddings["z1"], state["queue"]);
        var neighbour2 = Neighbours.Nearest(embeddings["z2"], state["queue"]);
        return (InfoNceLoss.OneView(neighbour1, embeddings["p2"], _options.Temperature)
            + InfoNceLoss.OneView(neighbour2, embeddings["p1"], _options.Temperature)) / 2;
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step) => StateUpdate.Of("queue", carried["z1"]);
}
