using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Distillation of a task's predictions, SimCLR v2's third step: on images without labels the student gives the outputs that a teacher gives which was trained before, and does not change
/// (<c>teacher.weights</c>, with its projector). One view. Embeddings <c>s1</c> (student), <c>t1</c> (teacher) <c>[N, K]</c>.
/// </summary>
[Method("distill", Views = 1, FrozenTeacher = FrozenTeacher.Required, Family = "distillation", Inventory = "M014",
    Paper = "Chen et al., Big Self-Supervised Models are Strong Semi-Supervised Learners, 2020")]
public sealed class Distill : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Distill(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
    }

    public sealed record Options
    {
        /// <summary>τ, of both.</summary>
        public double Temperature { get; init; } = 1;
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(MlpHead.OutputWidth(_recipe.Projector, BackboneCatalog.FeatureDimension(TeacherRecipe.BackboneOf(_recipe))));

    public Networks Build() => new(Branch(_recipe.Backbone), Frozen: Branch(TeacherRecipe.BackboneOf(_recipe)));

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = new Embeddings { { "s1", networks.Student.call(views[0]) } };
        using var off = no_grad();
        found.Add("t1", networks.Frozen!.call(views[0]));
        if (found["t1"].shape[1] != found["s1"].shape[1])
            throw Require.Error(_recipe, "projector.shape", "is empty", "student and teacher have features of different widths; give both the projector that the teacher was trained with");
        return found;
    }

    /// <summary>−Σ softmax(t/τ)·log softmax(s/τ), the paper's eq. 2.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => SoftCrossEntropy.Loss((embeddings["t1"] / _options.Temperature).softmax(-1), embeddings["s1"] / _options.Temperature);

    private Branch Branch(BackboneRecipe recipe)
    {
        var backbone = BackboneCatalog.Create(recipe);
        return new Branch(backbone, MlpHead.Create(_recipe.Projector, backbone.FeatureDimension));
    }
}
