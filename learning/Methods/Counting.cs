using SslOrleans.Contracts.Recipes;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Learning to count: what is counted in the four quarters of an image adds up to what is counted in the image shrunk to a quarter's size, and not to what is
/// counted in another image. Counts are what the projector puts out, cut off at 0. One view. Embeddings <c>whole</c> <c>[N, D]</c>, <c>tiles</c> <c>[N, D]</c>, the sums over the
/// quarters.
/// </summary>
[Method("counting", Views = 1, Backbone = "conv4", Family = "pretext", Inventory = "M100",
    Paper = "Noroozi et al., Representation Learning by Learning to Count, 2017")]
public sealed class Counting : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Counting(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.NotNegative(recipe, "loss.margin", _options.Margin);
        Require.EvenViews(recipe);
    }

    public sealed record Options
    {
        /// <summary>M, how far apart the counts of two images are.</summary>
        public double Margin { get; init; } = 10;
    }

    public bool Coupled => true; // every image is compared with another one of the effective batch

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var (n, half) = (views[0].shape[0], views[0].shape[2] / 2);
        var small = views[0].reshape(n, 3, half, 2, half, 2).mean([3, 5]);
        Tensor Quarter(long y, long x) => views[0].narrow(2, y * half, half).narrow(3, x * half, half);
        var counts = networks.Student.call(cat([small, Quarter(0, 0), Quarter(0, 1), Quarter(1, 0), Quarter(1, 1)])).relu().chunk(5);
        return new Embeddings { { "whole", counts[0] }, { "tiles", counts[1] + counts[2] + counts[3] + counts[4] } };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => Losses.Counting.Loss(embeddings["whole"], embeddings["tiles"], _options.Margin);
}
