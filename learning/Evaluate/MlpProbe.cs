using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Evaluate;

/// <summary>How the MLP probe is trained.</summary>
public sealed record MlpOptions
{
    /// <summary>Units of each hidden layer; one or two layers (E10).</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [256];

    /// <summary>Few: it over-fits soon.</summary>
    public int Epochs { get; init; } = 30;

    public int BatchSize { get; init; } = 256;

    public double LearningRate { get; init; } = 0.05;

    /// <summary>The regularisation that it needs (E10).</summary>
    public double WeightDecay { get; init; } = 5e-4;

    public ulong Seed { get; init; }

    /// <summary>Ends the training between two batches.</summary>
    public CancellationToken Cancellation { get; init; }
}

/// <summary>Result of the MLP probe.</summary>
/// <param name="Accuracy">Test accuracy after the last epoch: the result.</param>
/// <param name="Best">Best of any epoch, beside it: the distance says how much it over-fits.</param>
/// <param name="BestEpoch">Epochs before that.</param>
/// <param name="TrainAccuracy">On the training rows after the last epoch.</param>
public sealed record MlpScore(double Accuracy, double Best, int BestEpoch, double TrainAccuracy);

/// <summary>
/// MLP probe (E10, E11): Linear, ReLU, … , Linear on frozen, standardised features; SGD with momentum 0.9 and a cosine.
/// Its distance to the linear probe says how much of the class is in the features but not linearly.
/// </summary>
public static class MlpProbe
{
    private const double Momentum = 0.9;

    public static MlpScore Evaluate(LabelledFeatures data, MlpOptions options)
    {
        using var standard = new Standardisation(data.Train);
        using var scope = NewDisposeScope();
        var layers = Layers([data.Train.Width, .. options.Hidden, data.Classes], options.Seed);
        var (best, bestEpoch, last) = (-1.0, 0, 0.0);
        var batches = (data.Train.Count + options.BatchSize - 1) / options.BatchSize;
        for (var epoch = 0; epoch < options.Epochs; epoch++)
        {
            var order = Splits.Shuffle(data.Train.Count, options.Seed, 1000 + epoch);
            for (var batch = 0; batch < batches; batch++)
            {
                options.Cancellation.ThrowIfCancellationRequested();
                using var inner = NewDisposeScope();
                var rows = LinearProbe.Batch(order, batch, batches).ToArray();
                var logits = Forward(layers, standard.Apply(data.Train.Tensor(rows)));
                functional.cross_entropy(logits, LinearProbe.Labels(data.TrainLabels, rows)).backward();
                var progress = ((double)epoch * batches + batch) / ((double)options.Epochs * batches);
                Descend(layers, options.LearningRate * 0.5 * (1 + PortableMath.SinCosDegrees(180 * progress).Cos), options.WeightDecay);
            }

            last = Accuracy(layers, data.Test, data.TestLabels, standard);
            if (last > best)
                (best, bestEpoch) = (last, epoch + 1);
        }

        return new MlpScore(last, best, bestEpoch, Accuracy(layers, data.Train, data.TrainLabels, standard));
    }

    private static Tensor Forward(List<Layer> layers, Tensor x)
    {
        for (var i = 0; i < layers.Count; i++)
        {
            x = x.mm(layers[i].Weight.Value).add(layers[i].Bias.Value);
            if (i < layers.Count - 1)
                x = x.relu();
        }

        return x;
    }

    private static void Descend(List<Layer> layers, double rate, double decay)
    {
        using var off = no_grad();
        foreach (var layer in layers)
        {
            Step(layer.Weight, decay);
            Step(layer.Bias, 0);
        }

        void Step(Trained p, double shrink)
        {
            using var gradient = p.Value.grad!;
            p.Momentum.mul_(Momentum).add_(gradient);
            if (shrink > 0)
                p.Momentum.add_(p.Value, shrink);
            p.Value.add_(p.Momentum, -rate);
            p.Value.grad = null;
        }
    }

    private static double Accuracy(List<Layer> layers, FeatureMatrix features, int[] labels, Standardisation standard)
    {
        using var off = no_grad();
        var correct = 0L;
        foreach (var (first, count) in features.Blocks(4096))
        {
            using var scope = NewDisposeScope();
            var predicted = Forward(layers, standard.Apply(features.Tensor(first, count))).argmax(1);
            correct += predicted.eq(tensor(Array.ConvertAll(labels[first..(first + count)], l => (long)l))).to(ScalarType.Int64).sum().item<long>();
        }

        return (double)correct / features.Count;
    }

    /// <summary>PyTorch's default start, uniform in ±1/√fan-in, from streams of their own.</summary>
    private static List<Layer> Layers(IReadOnlyList<int> widths, ulong seed)
    {
        var layers = new List<Layer>();
        for (var i = 0; i + 1 < widths.Count; i++)
            layers.Add(new Layer(Draw(widths[i], widths[i + 1], i, 0), Draw(1, widths[i + 1], i, 1, widths[i])));
        return layers;

        Trained Draw(int rows, int columns, int layer, int view, int fanIn = 0)
        {
            var bound = (float)(1 / Math.Sqrt(fanIn > 0 ? fanIn : rows));
            var random = new RandomStream(seed, Purpose.Evaluation, 0, 1 + layer, view);
            var values = new float[rows * columns];
            for (var i = 0; i < values.Length; i++)
                values[i] = random.NextSingle(-bound, bound);
            return new Trained(tensor(values, [(long)rows, columns]).requires_grad_(), zeros([rows, columns]));
        }
    }

    private sealed record Trained(Tensor Value, Tensor Momentum);

    private sealed record Layer(Trained Weight, Trained Bias);
}
