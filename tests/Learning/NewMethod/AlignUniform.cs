using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Alignment and uniformity: views of an image meet, all images spread over the sphere.
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("alignuniform", Family = "contrastive", Inventory = "own",
    Paper = "Wang and Isola, Understanding Contrastive Representation Learning through Alignment and Uniformity on the Hypersphere, 2020")]
public sealed class AlignUniform : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public AlignUniform(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.sharpness", _options.Sharpness);
    }

    public sealed record Options
    {
        /// <summary>t of the Gaussian kernel.</summary>
        public double Sharpness { get; init; } = 2;
    }

    public bool Coupled => true; // uniformity compares every image of the batch with every other

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var both = networks.Student.call(cat([views[0], views[1]])).chunk(2);
        return new Embeddings { { "z1", both[0] }, { "z2", both[1] } };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var (z1, z2) = (embeddings["z1"], embeddings["z2"]);
        var alignment = AlignmentUniformity.Alignment(z1, z2);
        var uniformity = (AlignmentUniformity.Uniformity(z1, _options.Sharpness) + AlignmentUniformity.Uniformity(z2, _options.Sharpness)) / 2;
        step.Report("alignment", alignment);
        step.Report("uniformity", uniformity);
        return alignment + uniformity;
    }
}
