using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// ReSSL: no image is a negative; the student's relation of a strongly augmented view to a queue of other images follows the EMA teacher's relation
/// of a weakly augmented one. The first view is the student's, the second the teacher's.
/// Embeddings <c>q1</c>, <c>key2</c> <c>[N, D]</c>; state <c>queue2</c> <c>[L, D]</c>.
/// </summary>
[Method("ressl", Family = "self-distillation", Inventory = "own",
    Paper = "Zheng et al., ReSSL: Relational Self-Supervised Learning with Weak Augmentation, 2021")]
public sealed class ReSsl : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public ReSsl(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.studentTemperature", _options.StudentTemperature);
        Require.Positive(recipe, "loss.teacherTemperature", _options.TeacherTemperature);
        Require.Queue(recipe, "loss.queue", _options.Queue);
        State = [new("queue2", StateKind.Queue, [_options.Queue, BuildNetworks.ProjectionWidth(recipe)], StateInitial.UnitRows)];
    }

    public sealed record Options
    {
        /// <summary>τs.</summary>
        public double StudentTemperature { get; init; } = 0.1;

        /// <summary>τt; sharper than the student's, or the loss teaches indifference.</summary>
        public double TeacherTemperature { get; init; } = 0.04;

        /// <summary>L, keys in the queue; a multiple of the effective batch.</summary>
        public int Queue { get; init; } = 131072;
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_options.Queue);

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["key2"];

    public Networks Build() => BuildNetworks.StudentAndTeacher(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.QueryAndKey(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => RelationalConsistency.Loss(embeddings["q1"], embeddings["key2"], state["queue2"], _options.StudentTemperature, _options.TeacherTemperature);

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step) => StateUpdate.Of("queue2", carried["key2"]);
}
