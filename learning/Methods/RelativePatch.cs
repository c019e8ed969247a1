using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Relative patch location: from the middle tile of a 3 × 3 grid over the view and one of the eight around it, both through the same network, which one it is.
/// One view. Embeddings <c>logits</c> <c>[N, 8]</c>, <c>neighbour</c> <c>[N]</c>, the right answers.
/// </summary>
[Method("relativepatch", Views = 1, Backbone = "conv4", Family = "pretext", Inventory = "M098",
    Paper = "Doersch et al., Unsupervised Visual Representation Learning by Context Prediction, 2015")]
public sealed class RelativePatch : IMethod
{
    private const int Neighbours = Tiles.Count - 1;
    private const int Middle = Tiles.Count / 2;

    private readonly Recipe _recipe;
    private readonly Options _options;

    public RelativePatch(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Tiles.MustFit(recipe, "loss.tile", _options.Tile);
    }

    public sealed record Options
    {
        /// <summary>Side of a tile in pixels; what is left of a third of the view is gap and jitter. 0: three quarters of that third.</summary>
        public int Tile { get; init; }
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(Neighbours);

    public Networks Build() => BuildNetworks.TileClassifier(_recipe, tiles: 2, Neighbours);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var neighbours = step.SampleIds.Select(id => (int)Draws.Of(step, id, 6).NextUInt32(Neighbours)).ToArray();
        var middle = Tiles.Cut(views[0], Tiles.Side(_options.Tile, views[0]), _ => Middle, step, 10);
        var beside = Tiles.Cut(views[0], Tiles.Side(_options.Tile, views[0]), row => neighbours[row] < Middle ? neighbours[row] : neighbours[row] + 1, step, 11);
        var features = networks.Student.Backbone.call(cat([middle, beside])).chunk(2);
        return new Embeddings
        {
            { "logits", networks.Student.Predict(networks.Student.Project(cat([.. features], 1))) },
            { "neighbour", tensor(Array.ConvertAll(neighbours, n => (float)n)).to(step.Device) },
        };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => functional.cross_entropy(embeddings["logits"], embeddings["neighbour"].detach().to(ScalarType.Int64));
}
