using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// MoCo v2: the student's query of view 1 against the EMA teacher's key of view 2 and a queue of past keys.
/// <c>symmetric</c> adds the other direction with a queue of its own, and halves the sum.
/// Embeddings <c>q1</c>, <c>key2</c> (and <c>q2</c>, <c>key1</c>) <c>[N, D]</c>; state <c>queue2</c> (and <c>queue1</c>) <c>[K, D]</c>.
/// </summary>
[Method("mocov2", Modalities = [Modality.Image, Modality.Audio, Modality.Video], Family = "contrastive", Inventory = "M020",
    Paper = "Chen et al., Improved Baselines with Momentum Contrastive Learning, 2020")]
public sealed class MocoV2 : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public MocoV2(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.NotNegative(recipe, "loss.anchorTemperature", _options.AnchorTemperature);
        if (_options is { Decoupled: true, AnchorTemperature: > 0 })
            throw Require.Error(recipe, "loss.anchorTemperature", $"is {_options.AnchorTemperature}", "a decoupled denominator has no positive to weigh by; set it to 0, or loss.decoupled to false");
        Require.Queue(recipe, "loss.queue", _options.Queue);
        long[] shape = [_options.Queue, BuildNetworks.ProjectionWidth(recipe)];
        State = _options.Symmetric
            ? [new("queue1", StateKind.Queue, shape, StateInitial.UnitRows), new("queue2", StateKind.Queue, shape, StateInitial.UnitRows)]
            : [new("queue2", StateKind.Queue, shape, StateInitial.UnitRows)];
        Carried = _options.Symmetric ? ["key1", "key2"] : ["key2"];
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.2;

        /// <summary>K, keys in a queue; a multiple of the effective batch.</summary>
        public int Queue { get; init; } = 65536;

        /// <summary>The denominator has the queue alone, without the positive, as DCL's (K11).</summary>
        public bool Decoupled { get; init; }

        /// <summary>τβ of the dual temperature: how anchors are weighed among themselves (the paper: 1, with τ 0.1); 0: all alike (K12).</summary>
        public double AnchorTemperature { get; init; }

        /// <summary>Both directions.</summary>
        public bool Symmetric { get; init; }
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_options.Queue + (_options.Decoupled ? 0 : 1));

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried { get; }

    public Networks Build() => BuildNetworks.StudentAndTeacher(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = new Embeddings { { "q1", networks.Student.call(views[0]) } };
        if (_options.Symmetric)
            found.Add("q2", networks.Student.call(views[1]));
        if (_options.Symmetric)
            found.Add("key1", networks.Key(views[0]));
        found.Add("key2", networks.Key(views[1]));
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        Tensor Term(string query, string key, string queue) => _options.AnchorTemperature > 0
            ? InfoNceQueue.DualTemperature(embeddings[query], embeddings[key], state[queue], _options.Temperature, _options.AnchorTemperature)
            : InfoNceQueue.Loss(embeddings[query], embeddings[key], state[queue], _options.Temperature, _options.Decoupled);

        var loss = Term("q1", "key2", "queue2");
        return _options.Symmetric
            ? (loss + Term("q2", "key1", "queue1")) / 2
            : loss;
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
        => new([.. carried.Select(k => StateUpdate.Change(k.Key.Replace("key", "queue"), k.Value))]);
}
