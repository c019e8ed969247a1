using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// iBOT: DINO across views, and within each of the first two, large ones the student predicts the teacher's outputs at the patches
/// that were hidden from it. One head for [cls] and patches, or one each. The two views' masks are in <c>views.*.mask</c>; further views (local
/// crops) are seen whole and add their [cls] terms.
/// Embeddings <c>s1</c> … <c>sV</c>, <c>t1</c>, <c>t2</c> <c>[N, K]</c> ([cls]), <c>u1</c>, <c>u2</c>, <c>v1</c>, <c>v2</c> <c>[N, H, K]</c>
/// (hidden patches, student and teacher), <c>w1</c>, <c>w2</c> <c>[N, H]</c> (weights of the hidden patches; without them all count alike),
/// <c>center</c>, <c>patchCenter</c> <c>[1, K]</c>; state <c>center</c>, <c>patchCenter</c> <c>[1, K]</c>.
/// </summary>
[Method("ibot", MoreViews = true, Masked = 2, Family = "self-distillation", Inventory = "M046",
    Paper = "Zhou et al., iBOT: Image BERT Pre-Training with Online Tokenizer, 2022")]
public sealed class Ibot : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly int _views;

    public Ibot(Recipe recipe)
        : this(recipe, MethodCatalog.Options<Options>(recipe))
    {
    }

    /// <param name="recipe">The recipe.</param>
    /// <param name="options">Its loss section.</param>
    /// <param name="masked">The first two views hide patches from the student.</param>
    internal Ibot(Recipe recipe, Options options, bool masked = true)
    {
        _recipe = recipe;
        _options = options;
        _views = recipe.Views.Sum(v => v.Count);
        for (var view = 0; view < 2 && masked; view++)
            Require.Masked(recipe, view, varying: true);
        Require.Positive(recipe, "loss.studentTemperature", options.StudentTemperature);
        Require.Positive(recipe, "loss.teacherTemperature", options.TeacherTemperature);
        Require.Positive(recipe, "loss.patchTemperature", options.PatchTemperature);
        Require.NotNegative(recipe, "loss.patchWeight", options.PatchWeight);
        Require.Positive(recipe, "loss.prototypes", options.Prototypes);
        Require.Positive(recipe, "loss.teacherTemperatureStart", options.TeacherTemperatureStart);
        Require.Positive(recipe, "loss.patchTemperatureStart", options.PatchTemperatureStart);
        Require.NotNegative(recipe, "loss.patchPrototypes", options.PatchPrototypes);
        State =
        [
            new("center", StateKind.Value, [1, options.Prototypes]),
            new("patchCenter", StateKind.Value, [1, options.PatchPrototypes > 0 ? options.PatchPrototypes : options.Prototypes]),
        ];
    }

    public record Options
    {
        /// <summary>τs.</summary>
        public double StudentTemperature { get; init; } = 0.1;

        /// <summary>τt of [cls] after the warm-up.</summary>
        public double TeacherTemperature { get; init; } = 0.04;

        /// <summary>τt of the patches after the warm-up.</summary>
        public double PatchTemperature { get; init; } = 0.04;

        /// <summary>τt of [cls] in epoch 0.</summary>
        public double TeacherTemperatureStart { get; init; } = 0.04;

        /// <summary>τt of the patches in epoch 0.</summary>
        public double PatchTemperatureStart { get; init; } = 0.04;

        /// <summary>Epochs in which both go linearly from start to end.</summary>
        public int TeacherTemperatureEpochs { get; init; }

        /// <summary>Momentum of both centres.</summary>
        public double CenterMomentum { get; init; } = 0.9;

        /// <summary>Weight of the patch term.</summary>
        public double PatchWeight { get; init; } = 1;

        /// <summary>K, outputs of the head.</summary>
        public int Prototypes { get; init; } = 8192;

        /// <summary>Outputs of a head of the patches' own (DINOv2's untied heads); 0: patches share that of [cls].</summary>
        public int PatchPrototypes { get; init; }

        /// <summary>Epochs at the start in which the last layer stays as it is.</summary>
        public int FrozenEpochs { get; init; } = 1;
    }

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["center", "patchCenter"];

    public Networks Build() => new(Branch(student: true), Branch(student: false));

    public Embeddings Encode(Networks networks, Views views, StepContext step) => Encode(networks, views, step, features: false);

    internal Embeddings Encode(Networks networks, Views views, StepContext step, bool features)
    {
        var found = new Embeddings();
        var (all, patches) = (new List<Tensor>(), new List<Tensor>());
        for (var view = 0; view < 2; view++)
        {
            var mask = PatchMask.Of(views, view, _recipe, step);
            var hidden = mask.Hidden(step.Device);
            var student = (Vit)networks.Student.Backbone;
            var seen = Token(networks.Student).call(student.Embed(views[view]), mask.ToTensor(step.Device));
            var tokens = student.Transform(student.AddPositions(seen));
            if (features)
                found.Add($"f{view + 1}", student.Pool(tokens));
            var (s, u) = Heads(networks.Student, tokens, step.Epoch < _options.FrozenEpochs);
            found.Add($"s{view + 1}", s);
            found.Add($"u{view + 1}", PatchMask.Pick(u, hidden));
            found.Add($"w{view + 1}", mask.Weights(step.Device));
            using var off = no_grad();
            var (t, v) = Heads(networks.Teacher!, ((Vit)networks.Teacher!.Backbone).Tokens(views[view]), frozen: true);
            found.Add($"t{view + 1}", t);
            found.Add($"v{view + 1}", PatchMask.Pick(v, hidden));
            all.Add(t);
            patches.Add(v.flatten(0, 1));
        }

        foreach (var s in MultiCrop.Encode(views, x => Cls(networks.Student, x, step), _views, from: 2))
            found.Add($"s{found.Count(e => e.Key[0] == 's') + 1}", s);
        found.Add("center", cat([.. all]).mean([0], keepdim: true));
        found.Add("patchCenter", cat([.. patches]).mean([0], keepdim: true));
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var temperature = Dino.TemperatureAt(step.Epoch, _options.TeacherTemperatureStart, _options.TeacherTemperature, _options.TeacherTemperatureEpochs);
        var patchTemperature = Dino.TemperatureAt(step.Epoch, _options.PatchTemperatureStart, _options.PatchTemperature, _options.TeacherTemperatureEpochs);
        Tensor Target(string name, string center, double sharpness) => ((embeddings[name] - state[center]) / sharpness).softmax(-1);

        var cls = new[] { "t1", "t2" }.Select(t => Target(t, "center", temperature)).ToList();
        var across = stack([.. MultiCrop.Pairs(_views).Select(p => SoftCrossEntropy.Loss(cls[p.Target], embeddings[$"s{p.View + 1}"] / _options.StudentTemperature))]).mean();
        var within = (Within(1) + Within(2)) / 2;
        step.Report("across", across);
        step.Report("within", within);
        return across + (_options.PatchWeight * within);

        Tensor Within(int view)
        {
            var (target, logits) = (Target($"v{view}", "patchCenter", patchTemperature), embeddings[$"u{view}"] / _options.StudentTemperature);
            return embeddings.Contains($"w{view}") ? SoftCrossEntropy.Loss(target, logits, embeddings[$"w{view}"]) : SoftCrossEntropy.Loss(target, logits);
        }
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var m = _options.CenterMomentum;
        return new StateUpdate([.. Carried.Select(name =>
            StateUpdate.Change(name, (m * state[name]) + ((1 - m) * carried[name].mean([0], keepdim: true))))]);
    }

    /// <summary>The head's outputs at [cls] of images that are seen whole.</summary>
    private Tensor Cls(Branch branch, Tensor images, StepContext step)
    {
        var head = (Prototypes)branch.Prototypes;
        var projected = branch.Project(((Vit)branch.Backbone).Tokens(images).select(1, 0));
        return step.Epoch < _options.FrozenEpochs ? head.Frozen(projected) : head.call(projected);
    }

    /// <summary>The outputs at [cls] <c>[N, K]</c> and at the patches <c>[N, P, K]</c> of tokens <c>[N, 1 + P, F]</c>.</summary>
    internal static (Tensor Cls, Tensor Patches) Heads(Branch branch, Tensor tokens, bool frozen)
    {
        Tensor Cosines(Prototypes head, Tensor projected) => frozen ? head.Frozen(projected) : head.call(projected);
        var (n, t) = (tokens.shape[0], tokens.shape[1]);
        if (branch.DecoderOrNone is PatchHead own)
        {
            var cls = Cosines((Prototypes)branch.Prototypes, branch.Project(tokens.select(1, 0)));
            return (cls, Cosines(own.Prototypes, own.Project(tokens.narrow(1, 1, t - 1).flatten(0, 1))).reshape(n, t - 1, -1));
        }

        var cosines = Cosines((Prototypes)branch.Prototypes, branch.Project(tokens.flatten(0, 1))).reshape(n, t, -1);
        return (cosines.select(1, 0), cosines.narrow(1, 1, t - 1));
    }

    private static MaskToken Token(Branch student) => student.Decoder is PatchHead own ? own.Token : (MaskToken)student.Decoder;

    private Branch Branch(bool student)
        => Branch(_recipe, _recipe.Backbone, _options, student ? new MaskToken(BackboneCatalog.FeatureDimension(_recipe.Backbone)) : null);

    /// <summary>A ViT with its head, or heads, and the token of a student that patches are hidden from.</summary>
    internal static Branch Branch(Recipe recipe, BackboneRecipe backbone, Options options, MaskToken? token)
    {
        var vit = BackboneCatalog.Transformer(backbone);
        var width = MlpHead.OutputWidth(recipe.Projector, vit.FeatureDimension);
        Module? decoder = options.PatchPrototypes > 0
            ? new PatchHead(token, MlpHead.Create(recipe.Projector, vit.FeatureDimension), new Prototypes(options.PatchPrototypes, width))
            : token;
        return new Branch(vit, MlpHead.Create(recipe.Projector, vit.FeatureDimension), prototypes: new Prototypes(options.Prototypes, width), decoder: decoder);
    }
}
