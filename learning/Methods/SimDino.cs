using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SimDINO: DINO without prototypes, centre and temperatures: the student's projection of every view follows the EMA teacher's of each other large view,
/// and the coding rate of the large views' projections keeps them from collapse. The first two views are the large ones.
/// Embeddings <c>s1</c> … <c>sV</c>, <c>t1</c>, <c>t2</c> <c>[N, D]</c>.
/// </summary>
[Method("simdino", MoreViews = true, Family = "self-distillation", Inventory = "own",
    Paper = "Wu et al., Simplifying DINO via Coding Rate Regularization, 2025")]
public sealed class SimDino : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly int _views;

    public SimDino(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        _views = recipe.Views.Sum(v => v.Count);
        Check(recipe, _options);
    }

    public record Options
    {
        /// <summary>Weight of the coding rate beside the authors' balance (D + N)/(D·N).</summary>
        public double Rate { get; init; } = 1;

        /// <summary>ε of the coding rate.</summary>
        public double Epsilon { get; init; } = 0.5;

        /// <summary>The rate is that of the mean of student and teacher, as in the authors' runs; otherwise of the student alone.</summary>
        public bool Smooth { get; init; } = true;
    }

    public bool Coupled => true; // a determinant of the whole batch's second moment

    public Networks Build() => BuildNetworks.StudentAndTeacher(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = new Embeddings();
        foreach (var s in MultiCrop.Encode(views, networks.Student.call, _views))
            found.Add($"s{found.Count + 1}", s);
        using var off = no_grad();
        var t = MultiCrop.Encode(views, networks.Teacher!.call, 2);
        found.Add("t1", t[0]);
        found.Add("t2", t[1]);
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step) => Objective(embeddings, _views, _options, step);

    internal static void Check(Recipe recipe, Options options)
    {
        Require.BatchOfTwo(recipe);
        Require.NotNegative(recipe, "loss.rate", options.Rate);
        Require.Positive(recipe, "loss.epsilon", options.Epsilon);
    }

    /// <summary>Mean distance over the 2(V − 1) pairs, less the balanced rate of the two large views.</summary>
    internal static Tensor Objective(Embeddings embeddings, int views, Options options, StepContext step)
    {
        var distance = stack([.. MultiCrop.Pairs(views).Select(p => CodingRate.Distance(embeddings[$"s{p.View + 1}"], embeddings[$"t{p.Target + 1}"]).mean())]).mean();
        var rate = (Rate(1) + Rate(2)) / 2;
        step.Report("distance", distance);
        step.Report("rate", rate);
        return distance - (options.Rate * CodingRate.Balance(embeddings["s1"]) * rate);

        Tensor Rate(int view)
        {
            var z = functional.normalize(embeddings[$"s{view}"], dim: 1);
            return CodingRate.Rate(options.Smooth ? (z + functional.normalize(embeddings[$"t{view}"].detach(), dim: 1)) / 2 : z, options.Epsilon);
        }
    }
}
