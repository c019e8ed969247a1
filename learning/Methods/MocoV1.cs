using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// MoCo: the student's query of view 1 against the EMA teacher's key of view 2 and a queue of past keys, which makes the number
/// of negatives independent of the batch. v1 has a linear projector; v2 adds the MLP and stronger views.
/// Embeddings <c>q1</c>, <c>key2</c> <c>[N, D]</c>; state <c>queue2</c> <c>[K, D]</c>.
/// </summary>
[Method("mocov1", Family = "contrastive", Inventory = "M019",
    Paper = "He et al., Momentum Contrast for Unsupervised Visual Representation Learning, 2020")]
public sealed class MocoV1 : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public MocoV1(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.NotNegative(recipe, "loss.anchorTemperature", _options.AnchorTemperature);
        if (_options is { Decoupled: true, AnchorTemperature: > 0 })
            throw Require.Error(recipe, "loss.anchorTemperature", $"is {_options.AnchorTemperature}", "a decoupled denominator has no positive to weigh by; set it to 0, or loss.decoupled to false");
        Require.Queue(recipe, "loss.queue", _options.Queue);
        State = [new("queue2", StateKind.Queue, [_options.Queue, BuildNetworks.ProjectionWidth(recipe)], StateInitial.UnitRows)];
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.07;

        /// <summary>K, keys in a queue; a multiple of the effective batch.</summary>
        public int Queue { get; init; } = 65536;

        /// <summary>The denominator has the queue alone, without the positive, as DCL's (K11).</summary>
        public bool Decoupled { get; init; }

        /// <summary>τβ of the dual temperature: how anchors are weighed among themselves (the paper: 1, with τ 0.1); 0: all alike (K12).</summary>
        public double AnchorTemperature { get; init; }
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_options.Queue + (_options.Decoupled ? 0 : 1));

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["key2"];

    public Networks Build() => BuildNetworks.StudentAndTeacher(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.QueryAndKey(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var (query, key, queue) = (embeddings["q1"], embeddings["key2"], state["queue2"]);
        return _options.AnchorTemperature > 0
            ? InfoNceQueue.DualTemperature(query, key, queue, _options.Temperature, _options.AnchorTemperature)
            : InfoNceQueue.Loss(query, key, queue, _options.Temperature, _options.Decoupled);
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step) => StateUpdate.Of("queue2", carried["key2"]);
}
