using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DINO: the student predicts, from every view, the EMA teacher's centred and sharpened distribution of each other large view
/// (cookbook eq. 12, with the teacher centred and two temperatures). The first two views are the large ones.
/// Embeddings <c>s1</c> … <c>sV</c> and <c>t1</c>, <c>t2</c> <c>[N, K]</c>, and <c>center</c> <c>[1, K]</c>, the micro-batch's mean of
/// the teacher's outputs; state <c>center</c> <c>[1, K]</c>.
/// </summary>
[Method("dino", MoreViews = true, Family = "self-distillation", Inventory = "M045",
    Paper = "Caron et al., Emerging Properties in Self-Supervised Vision Transformers, 2021")]
public sealed class Dino : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly int _views;

    public Dino(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        _views = recipe.Views.Sum(v => v.Count);
        Require.Positive(recipe, "loss.studentTemperature", _options.StudentTemperature);
        Require.Positive(recipe, "loss.teacherTemperature", _options.TeacherTemperature);
        Require.Positive(recipe, "loss.teacherTemperatureStart", _options.TeacherTemperatureStart);
        Require.Positive(recipe, "loss.prototypes", _options.Prototypes);
        State = [new("center", StateKind.Value, [1, _options.Prototypes])];
    }

    public sealed record Options
    {
        /// <summary>τs.</summary>
        public double StudentTemperature { get; init; } = 0.1;

        /// <summary>τt after the warm-up (K31: above 0.07 is unstable).</summary>
        public double TeacherTemperature { get; init; } = 0.04;

        /// <summary>τt in epoch 0.</summary>
        public double TeacherTemperatureStart { get; init; } = 0.04;

        /// <summary>Epochs in which τt goes linearly from start to end.</summary>
        public int TeacherTemperatureEpochs { get; init; }

        /// <summary>Momentum of the centre (K32).</summary>
        public double CenterMomentum { get; init; } = 0.9;

        /// <summary>K, outputs of the head.</summary>
        public int Prototypes { get; init; } = 65536;

        /// <summary>Epochs at the start in which the last layer stays as it is.</summary>
        public int FrozenEpochs { get; init; } = 1;
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_options.Prototypes);

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["center"];

    public Networks Build() => new(Branch(), Branch());

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = new Embeddings();
        var head = (Prototypes)networks.Student.Prototypes;
        var last = step.Epoch < _options.FrozenEpochs ? head.Frozen : (Func<Tensor, Tensor>)head.call;
        foreach (var s in MultiCrop.Encode(views, x => last(networks.Student.call(x)), _views))
            found.Add($"s{found.Count + 1}", s);
        using var off = no_grad();
        var t = MultiCrop.Encode(views, x => networks.Teacher!.Prototypes.call(networks.Teacher.call(x)), 2);
        found.Add("t1", t[0]);
        found.Add("t2", t[1]);
        found.Add("center", cat([t[0], t[1]]).mean([0], keepdim: true));
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var temperature = TemperatureAt(step.Epoch, _options.TeacherTemperatureStart, _options.TeacherTemperature, _options.TeacherTemperatureEpochs);
        var targets = new[] { "t1", "t2" }.Select(t => ((embeddings[t] - state["center"]) / temperature).softmax(-1)).ToList();
        var terms = MultiCrop.Pairs(_views).Select(p => SoftCrossEntropy.Loss(targets[p.Target], embeddings[$"s{p.View + 1}"] / _options.StudentTemperature));
        return stack([.. terms]).mean();
    }

    /// <summary>c ← m·c + (1−m)·mean of the teacher's outputs. Micro-batches are of one size, so the mean of their means is the batch's.</summary>
    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var m = _options.CenterMomentum;
        return StateUpdate.Of("center", (m * state["center"]) + ((1 - m) * carried["center"].mean([0], keepdim: true)));
    }

    /// <summary>Linear from start in epoch 0 to end.</summary>
    internal static double TemperatureAt(long epoch, double start, double end, int epochs)
        => epoch >= epochs ? end : start + ((end - start) * epoch / epochs);

    private Branch Branch()
    {
        var backbone = BackboneCatalog.Create(_recipe.Backbone);
        var projector = MlpHead.Create(_recipe.Projector, backbone.FeatureDimension);
        return new Branch(backbone, projector, prototypes: new Prototypes(_options.Prototypes, BuildNetworks.ProjectionWidth(_recipe)));
    }
}
