using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SimDINOv2: SimDINO's two terms, and within each of the two large views the student follows the teacher's projections at the patches that were
/// hidden from it. One head for [cls] and patches. Masks as iBOT's.
/// Embeddings as SimDINO's ([cls]), and <c>patches</c> <c>[1]</c> from each micro-batch, its mean distance at hidden patches; or
/// <c>u1</c>, <c>u2</c>, <c>v1</c>, <c>v2</c> <c>[N, H, D]</c> (student and teacher), when a user brings them.
/// </summary>
[Method("simdinov2", "u1 [N, H, D]", "u2 [N, H, D]", "v1 [N, H, D], no gradient", "v2 [N, H, D], no gradient", MoreViews = true, Masked = 2, Family = "self-distillation", Inventory = "own",
    Paper = "Wu et al., Simplifying DINO via Coding Rate Regularization, 2025")]
public sealed class SimDinoV2 : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly int _views;

    public SimDinoV2(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        _views = recipe.Views.Sum(v => v.Count);
        SimDino.Check(recipe, _options);
        Require.Masked(recipe, 0, varying: true);
        Require.Masked(recipe, 1, varying: true);
        Require.NotNegative(recipe, "loss.patchWeight", _options.PatchWeight);
    }

    public sealed record Options : SimDino.Options
    {
        /// <summary>Weight of the patch term.</summary>
        public double PatchWeight { get; init; } = 1;
    }

    public bool Coupled => true;

    public Networks Build() => new(Branch(student: true), Branch(student: false));

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var (found, targets) = (new Embeddings(), new List<Tensor>());
        var patches = zeros(1, device: step.Device);
        var student = (Vit)networks.Student.Backbone;
        for (var view = 0; view < 2; view++)
        {
            var mask = PatchMask.Of(views, view, _recipe, step);
            var hidden = mask.Hidden(step.Device);
            var seen = ((MaskToken)networks.Student.Decoder).call(student.Embed(views[view]), mask.ToTensor(step.Device));
            var (s, u) = Heads(networks.Student, student.Transform(student.AddPositions(seen)));
            found.Add($"s{view + 1}", s);
            Tensor v;
            using (no_grad())
            {
                var (t, all) = Heads(networks.Teacher!, ((Vit)networks.Teacher!.Backbone).Tokens(views[view]));
                targets.Add(t);
                v = PatchMask.Pick(all, hidden);
            }

            patches = patches + ((CodingRate.Distance(PatchMask.Pick(u, hidden), v) * mask.Weights(step.Device)).sum(1).mean() / 2);
        }

        foreach (var s in MultiCrop.Encode(views, x => networks.Student.Project(((Vit)networks.Student.Backbone).Tokens(x).select(1, 0)), _views, from: 2))
            found.Add($"s{found.Count + 1}", s);
        found.Add("t1", targets[0]);
        found.Add("t2", targets[1]);
        found.Add("patches", patches);
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var patches = embeddings.Contains("u1")
            ? (CodingRate.Distance(embeddings["u1"], embeddings["v1"]).mean() + CodingRate.Distance(embeddings["u2"], embeddings["v2"]).mean()) / 2
            : TreeRows.Sum(embeddings["patches"]) / embeddings["patches"].shape[0];
        step.Report("patches", patches);
        return SimDino.Objective(embeddings, _views, _options, step) + (_options.PatchWeight * patches);
    }

    private static (Tensor Cls, Tensor Patches) Heads(Branch branch, Tensor tokens)
    {
        var projected = branch.Project(tokens.flatten(0, 1)).reshape(tokens.shape[0], tokens.shape[1], -1);
        return (projected.select(1, 0), projected.narrow(1, 1, tokens.shape[1] - 1));
    }

    private Branch Branch(bool student)
    {
        var vit = BackboneCatalog.Transformer(_recipe.Backbone);
        return new Branch(vit, MlpHead.Create(_recipe.Projector, vit.FeatureDimension), decoder: student ? new MaskToken(vit.FeatureDimension) : null);
    }
}
