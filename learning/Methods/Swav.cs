using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SwAV: each large view's balanced assignment to prototypes (Sinkhorn over the whole effective batch and, if wanted, a queue)
/// is predicted from every other view. The first two views are the large ones.
/// Embeddings <c>z1</c> … <c>zV</c> <c>[N, D]</c> and <c>prototypes</c> <c>[K, D]</c>, the same from every micro-batch;
/// state <c>queue1</c>, <c>queue2</c> <c>[L, D]</c> when a queue is wanted.
/// </summary>
[Method("swav", Modalities = [Modality.Image, Modality.Audio, Modality.Video], MoreViews = true, Family = "clustering", Inventory = "M063",
    Paper = "Caron et al., Unsupervised Learning of Visual Features by Contrasting Cluster Assignments, 2020")]
public sealed class Swav : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly int _views;

    public Swav(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        _views = recipe.Views.Sum(v => v.Count);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "loss.epsilon", _options.Epsilon);
        Require.Positive(recipe, "loss.iterations", _options.Iterations);
        Require.Positive(recipe, "loss.prototypes", _options.Prototypes);
        if (_options.Queue > 0)
        {
            Require.Queue(recipe, "loss.queue", _options.Queue);
            long[] shape = [_options.Queue, BuildNetworks.ProjectionWidth(recipe)];
            State = [new("queue1", StateKind.Queue, shape, StateInitial.UnitRows), new("queue2", StateKind.Queue, shape, StateInitial.UnitRows)];
            Carried = ["z1", "z2"];
        }
    }

    public sealed record Options
    {
        /// <summary>τ of the predictions.</summary>
        public double Temperature { get; init; } = 0.1;

        /// <summary>K.</summary>
        public int Prototypes { get; init; } = 3000;

        /// <summary>ε of Sinkhorn.</summary>
        public double Epsilon { get; init; } = 0.05;

        /// <summary>Rounds of Sinkhorn.</summary>
        public int Iterations { get; init; } = 3;

        /// <summary>L, past embeddings that take part in Sinkhorn; 0: none. A multiple of the effective batch.</summary>
        public int Queue { get; init; }

        /// <summary>First epoch that uses the queue.</summary>
        public int QueueFromEpoch { get; init; } = 15;

        /// <summary>Steps at the start in which the prototypes stay as they are.</summary>
        public long FrozenSteps { get; init; }
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(_options.Prototypes);

    public IReadOnlyList<StateSpec> State { get; } = [];

    public IReadOnlyList<string> Carried { get; } = [];

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe);
        var projector = MlpHead.Create(_recipe.Projector, backbone.FeatureDimension);
        return new Networks(new Branch(backbone, projector, prototypes: new Prototypes(_options.Prototypes, BuildNetworks.ProjectionWidth(_recipe))));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = new Embeddings();
        foreach (var z in MultiCrop.Encode(views, networks.Student.call, _views))
            found.Add($"z{found.Count + 1}", z);
        found.Add("prototypes", ((Prototypes)networks.Student.Prototypes).Weight.alias());
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        // Every micro-batch brings the same prototypes; the first one's carry the gradient.
        var prototypes = embeddings["prototypes"].narrow(0, 0, _options.Prototypes);
        if (step.Step < _options.FrozenSteps)
            prototypes = prototypes.detach();
        var scores = Enumerable.Range(1, _views).Select(v => Prototypes.Cosines(embeddings[$"z{v}"], prototypes)).ToList();
        var codes = Enumerable.Range(0, 2).Select(v => Codes(scores[v], prototypes, state, v, step)).ToList();
        var terms = MultiCrop.Pairs(_views).Select(p => SoftCrossEntropy.Loss(codes[p.Target], scores[p.View] / _options.Temperature)).ToList();
        return stack(terms).mean();
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step) => new(
    [
        StateUpdate.Change("queue1", functional.normalize(carried["z1"], dim: 1)),
        StateUpdate.Change("queue2", functional.normalize(carried["z2"], dim: 1)),
    ]);

    private Tensor Codes(Tensor scores, Tensor prototypes, MethodState state, int view, StepContext step)
    {
        if (_options.Queue == 0 || step.Epoch < _options.QueueFromEpoch)
            return Sinkhorn.Codes(scores, _options.Epsilon, _options.Iterations);
        var queued = Prototypes.Cosines(state[$"queue{view + 1}"], prototypes);
        return Sinkhorn.Codes(cat([queued, scores]), _options.Epsilon, _options.Iterations).narrow(0, _options.Queue, scores.shape[0]);
    }
}
