using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DenseCL: MoCo on images and, beside it, on places of the last map: the positive of a place is the place of the other view that is most like it to the backbone, the negatives are a queue of
/// images' mean places. Embeddings <c>q1</c>, <c>key2</c> <c>[N, D]</c>, <c>r1</c> (places), <c>match2</c> <c>[N, P, D]</c>, <c>mean2</c> <c>[N, D]</c>; state <c>queue2</c>,
/// <c>denseQueue2</c> <c>[L, D]</c>.
/// </summary>
[Method("densecl", Family = "dense", Inventory = "M115",
    Paper = "Wang et al., Dense Contrastive Learning for Self-Supervised Visual Pre-Training, 2021")]
public sealed class DenseCl : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public DenseCl(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Queue(recipe, "loss.queue", _options.Queue);
        if (_options.Dense is not (>= 0 and <= 1))
            throw Require.Error(recipe, "loss.dense", $"is {_options.Dense}", "give a share from 0 to 1");
        var width = BuildNetworks.ProjectionWidth(recipe);
        State = [new("queue2", StateKind.Queue, [_options.Queue, width], StateInitial.UnitRows), new("denseQueue2", StateKind.Queue, [_options.Queue, width], StateInitial.UnitRows)];
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.2;

        /// <summary>L, keys in each queue; a multiple of the effective batch.</summary>
        public int Queue { get; init; } = 65536;

        /// <summary>λ, share of the places' term; the rest is the image's.</summary>
        public double Dense { get; init; } = 0.5;
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_options.Queue + 1);

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["key2", "mean2"];

    public Networks Build() => new(Branch(), Branch());

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var own = networks.Student.Backbone.Places(views[0]);
        var found = new Embeddings
        {
            { "q1", networks.Student.Project(own.mean([1])) },
            { "r1", networks.Student.Predictor.call(own) },
        };
        using var off = no_grad();
        var teacher = networks.Teacher!;
        var other = teacher.Backbone.Places(views[1]);
        var dense = teacher.Predictor.call(other);
        found.Add("key2", functional.normalize(teacher.Project(other.mean([1])), dim: 1));
        found.Add("match2", functional.normalize(PatchMask.Pick(dense, PlacePairs.MostAlike(own, other)), dim: -1));
        found.Add("mean2", functional.normalize(dense.mean([1]), dim: 1));
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var image = InfoNceQueue.Loss(embeddings["q1"], embeddings["key2"], state["queue2"], _options.Temperature);
        var places = InfoNceQueue.Loss(embeddings["r1"].flatten(0, 1), embeddings["match2"].flatten(0, 1), state["denseQueue2"], _options.Temperature);
        step.Report("image", image);
        step.Report("places", places);
        return ((1 - _options.Dense) * image) + (_options.Dense * places);
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
        => new([StateUpdate.Change("queue2", carried["key2"]), StateUpdate.Change("denseQueue2", carried["mean2"])]);

    private Branch Branch()
    {
        var backbone = BackboneCatalog.Create(_recipe.Backbone);
        return new Branch(
            backbone, MlpHead.Create(_recipe.Projector, backbone.FeatureDimension), new PlaceHead(MlpHead.Create(_recipe.Projector, backbone.FeatureDimension)));
    }
}
