using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DINOv2's distillation of small models: its losses without masks, against a larger DINOv2 that was trained before and does not change (<c>teacher.weights</c>, with its heads). An
/// average of the student is kept beside it, the model that is used in the end (<c>evaluation.teacher</c>). Embeddings and state as <see cref="Ibot"/>'s, <c>u</c> and <c>v</c> at all
/// P patches <c>[N, P, K]</c>.
/// </summary>
[Method("dinov2distill", MoreViews = true, FrozenTeacher = FrozenTeacher.Required, Family = "distillation", Inventory = "M048",
    Paper = "Oquab et al., DINOv2: Learning Robust Visual Features without Supervision, 2023")]
public sealed class DinoV2Distill : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly Ibot _losses;
    private readonly int _views;

    public DinoV2Distill(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        _losses = new Ibot(recipe, _options, masked: false);
        _views = recipe.Views.Sum(v => v.Count);
        Require.SamePatches(recipe);
    }

    public sealed record Options : Ibot.Options;

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State => _losses.State;

    public IReadOnlyList<string> Carried => _losses.Carried;

    public Networks Build() => new(
        Ibot.Branch(_recipe, _recipe.Backbone, _options, token: null),
        new Branch(BackboneCatalog.Transformer(_recipe.Backbone)),
        Ibot.Branch(_recipe, TeacherRecipe.BackboneOf(_recipe), _options, token: null));

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = new Embeddings();
        var (student, frozen) = (networks.Student, networks.Frozen!);
        var still = step.Epoch < _options.FrozenEpochs;
        var (all, patches) = (new List<Tensor>(), new List<Tensor>());
        for (var view = 0; view < 2; view++)
        {
            var (s, u) = Ibot.Heads(student, ((Vit)student.Backbone).Tokens(views[view]), still);
            found.Add($"s{view + 1}", s);
            found.Add($"u{view + 1}", u);
            using var off = no_grad();
            var (t, v) = Ibot.Heads(frozen, ((Vit)frozen.Backbone).Tokens(views[view]), frozen: true);
            found.Add($"t{view + 1}", t);
            found.Add($"v{view + 1}", v);
            all.Add(t);
            patches.Add(v.flatten(0, 1));
        }

        foreach (var s in MultiCrop.Encode(views, x => Ibot.Heads(student, ((Vit)student.Backbone).Tokens(x), still).Cls, _views, from: 2))
            found.Add($"s{found.Count(e => e.Key[0] == 's') + 1}", s);
        found.Add("center", cat([.. all]).mean([0], keepdim: true));
        found.Add("patchCenter", cat([.. patches]).mean([0], keepdim: true));
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step) => _losses.Loss(embeddings, state, step);

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step) => _losses.Advance(state, carried, step);
}
