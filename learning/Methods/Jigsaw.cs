using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Jigsaw puzzles: nine tiles of the view in one of K orders that differ much from each other, each tile through the same network, and which order it is.
/// One view. Embeddings <c>logits</c> <c>[N, K]</c>, <c>order</c> <c>[N]</c>, the right answers.
/// </summary>
[Method("jigsaw", Views = 1, Backbone = "conv4", Family = "pretext", Inventory = "M099",
    Paper = "Noroozi and Favaro, Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles, 2016")]
public sealed class Jigsaw : IMethod
{
    private const int Candidates = 100;

    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly IReadOnlyList<int[]> _orders;

    public Jigsaw(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Tiles.MustFit(recipe, "loss.tile", _options.Tile);
        if (_options.Orders is < 2 or > 10000)
            throw Require.Error(recipe, "loss.orders", $"is {_options.Orders}", "give 2 to 10000");
        _orders = FarApart(_options.Orders, recipe.Seed);
    }

    public sealed record Options
    {
        /// <summary>K, orders (the paper: 1000).</summary>
        public int Orders { get; init; } = 1000;

        /// <summary>Side of a tile in pixels; what is left of a third of the view is gap and jitter. 0: three quarters of that third (the paper: 64 of 85).</summary>
        public int Tile { get; init; }
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_options.Orders);

    public Networks Build() => BuildNetworks.TileClassifier(_recipe, Tiles.Count, _options.Orders);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var chosen = step.SampleIds.Select(id => (int)Draws.Of(step, id, 6).NextUInt32((uint)_options.Orders)).ToArray();
        var cut = Enumerable.Range(0, Tiles.Count).Select(t => Tiles.Cut(views[0], Tiles.Side(_options.Tile, views[0]), row => _orders[chosen[row]][t], step, 10 + t));
        var features = networks.Student.Backbone.call(cat([.. cut])).chunk(Tiles.Count);
        return new Embeddings
        {
            { "logits", networks.Student.Predict(networks.Student.Project(cat([.. features], 1))) },
            { "order", tensor(Array.ConvertAll(chosen, c => (float)c)).to(step.Device) },
        };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => functional.cross_entropy(embeddings["logits"], embeddings["order"].detach().to(ScalarType.Int64));

    /// <summary>
    /// Orders that are far from each other (the paper's algorithm 1, over candidates that are drawn in the place of all 9! orders): one after another, of
    /// <see cref="Candidates"/> the one whose least Hamming distance to those before it is greatest.
    /// </summary>
    internal static IReadOnlyList<int[]> FarApart(int count, ulong seed)
    {
        var chosen = new List<int[]>();
        var random = new RandomStream(seed, Purpose.MethodState, 0, 0, 8);
        while (chosen.Count < count)
        {
            var (best, distance) = (Array.Empty<int>(), -1);
            for (var c = 0; c < Candidates && distance < Tiles.Count; c++)
            {
                var order = Draws.Order(Tiles.Count, ref random);
                var least = LeastDistance(order, distance);
                if (least > distance)
                    (best, distance) = (order, least);
            }

            chosen.Add(best);
        }

        return chosen;

        // Not past the one that rules it out: a thousand orders take half a million comparisons for each of a hundred candidates.
        int LeastDistance(int[] order, int best)
        {
            var least = Tiles.Count;
            for (var i = 0; i < chosen.Count && least > best; i++)
                least = Math.Min(least, HammingDistance(chosen[i], order));
            return least;
        }
    }

    private static int HammingDistance(int[] a, int[] b)
    {
        var distance = 0;
        for (var i = 0; i < a.Length; i++)
            distance += a[i] == b[i] ? 0 : 1;
        return distance;
    }
}
