using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// W-MSE: projections are whitened, then views of an image meet in normalised mean squared error; whitening forbids collapse.
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("wmse", Family = "canonical-correlation", Inventory = "M074",
    Paper = "Ermolov et al., Whitening for Self-Supervised Representation Learning, 2021")]
public sealed class WMse : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public WMse(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.iterations", _options.Iterations);
        Require.NotNegative(recipe, "loss.epsilon", _options.Epsilon);
        var width = BuildNetworks.ProjectionWidth(recipe);
        if (_options.SubBatch <= width || recipe.Batch.Effective % _options.SubBatch != 0)
            throw Require.Error(recipe, "loss.subBatch", $"is {_options.SubBatch}", $"make it divide batch.effective ({recipe.Batch.Effective}) and exceed the projection's width ({width})");
    }

    public sealed record Options
    {
        /// <summary>Samples that are whitened together.</summary>
        public int SubBatch { get; init; } = 128;

        /// <summary>Divisions into sub-batches that are averaged.</summary>
        public int Iterations { get; init; } = 1;

        /// <summary>Share of the identity in the covariance.</summary>
        public double Epsilon { get; init; }
    }

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var terms = new List<Tensor>();
        for (var iteration = 0; iteration < _options.Iterations; iteration++)
        {
            var (z1, z2) = (embeddings["z1"], embeddings["z2"]);
            if (iteration > 0)
            {
                // Samples come in random order already, so only further divisions need an order of their own.
                var order = tensor(Order(z1.shape[0], step, iteration)).to(z1.device);
                (z1, z2) = (z1.index_select(0, order), z2.index_select(0, order));
            }

            var parts = z1.shape[0] / _options.SubBatch;
            foreach (var (a, b) in z1.chunk(parts).Zip(z2.chunk(parts)))
            {
                var (w1, w2) = (Whitening.Apply(a, _options.Epsilon), Whitening.Apply(b, _options.Epsilon));
                terms.Add(2 - (2 * (functional.normalize(w1, dim: 1) * functional.normalize(w2, dim: 1)).sum(1).mean()));
            }
        }

        return stack(terms).mean();
    }

    private static long[] Order(long count, StepContext step, int iteration)
    {
        var random = new RandomStream(step.Seed, Purpose.MethodState, step.Step, 0, iteration);
        var order = Enumerable.Range(0, (int)count).Select(i => (long)i).ToArray();
        for (var i = order.Length - 1; i > 0; i--)
        {
            var j = (int)random.NextUInt32((uint)i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
