using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// EMP-SSL: many small crops of each image; every crop's projection follows the mean over the image's crops, and the coding rate of each crop's batch keeps
/// it from collapse. One pass over the data goes a long way. Embeddings <c>z1</c> … <c>zV</c> <c>[N, D]</c>.
/// </summary>
[Method("empssl", MoreViews = true, Family = "canonical-correlation", Inventory = "own",
    Paper = "Tong et al., EMP-SSL: Towards Self-Supervised Learning in One Training Epoch, 2023")]
public sealed class EmpSsl : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly int _views;

    public EmpSsl(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        _views = recipe.Views.Sum(v => v.Count);
        Require.BatchOfTwo(recipe);
        Require.NotNegative(recipe, "loss.invariance", _options.Invariance);
        Require.Positive(recipe, "loss.epsilon", _options.Epsilon);
    }

    public sealed record Options
    {
        /// <summary>λ, weight of the cosine with the mean of the image's crops.</summary>
        public double Invariance { get; init; } = 200;

        /// <summary>ε of the coding rate.</summary>
        public double Epsilon { get; init; } = 0.2;
    }

    public bool Coupled => true; // a determinant of the whole batch's second moment

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = new Embeddings();
        foreach (var z in MultiCrop.Encode(views, networks.Student.call, _views))
            found.Add($"z{found.Count + 1}", z);
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var z = stack([.. Enumerable.Range(1, _views).Select(v => functional.normalize(embeddings[$"z{v}"], dim: 1))]);
        var rate = stack([.. z.unbind(0).Select(v => CodingRate.Rate(v, _options.Epsilon))]).mean();
        var cosine = functional.cosine_similarity(z, z.mean([0L], keepdim: true), dim: -1).mean();
        step.Report("rate", rate);
        step.Report("cosine", cosine);
        return (_options.Invariance * (1 - cosine)) - rate;
    }
}
