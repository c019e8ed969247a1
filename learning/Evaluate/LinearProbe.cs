using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Evaluate;

/// <summary>How the linear probe is trained.</summary>
public sealed record LinearOptions
{
    /// <summary>The heads that are trained at once.</summary>
    public IReadOnlyList<LinearHead> Heads { get; init; } =
        [.. from rate in new[] { 0.01, 0.03, 0.1, 0.3, 1.0 } from decay in new[] { 0, 1e-3 } select new LinearHead(rate, decay)];

    /// <summary>Passes over the features (E06).</summary>
    public int Epochs { get; init; } = 100;

    public int BatchSize { get; init; } = 256;

    /// <summary>Share of the training rows that chooses the head and is not trained on while it does.</summary>
    public double HeldOut { get; init; } = 0.1;

    /// <summary>Key of every draw.</summary>
    public ulong Seed { get; init; }

    /// <summary>Ends the training between two batches.</summary>
    public CancellationToken Cancellation { get; init; }
}

/// <summary>Result of the linear probe.</summary>
/// <param name="Head">The head that did best on held-out training rows.</param>
/// <param name="HeldOut">Its accuracy there, 0 … 1.</param>
/// <param name="Accuracy">Its test accuracy after the last epoch on all training rows: the result.</param>
/// <param name="Best">Its best test accuracy of any epoch; to be read beside the result, never instead of it.</param>
/// <param name="BestEpoch">Epochs before that.</param>
/// <param name="TrainAccuracy">On the training rows after the last epoch: the distance to <paramref name="Accuracy"/> is what it over-fits.</param>
public sealed record LinearScore(LinearHead Head, double HeldOut, double Accuracy, double Best, int BestEpoch, double TrainAccuracy);

/// <summary>
/// Offline linear probe (cookbook §3.7; E06, E07): softmax regression on frozen, standardised features, about 100 epochs. Learning rate and
/// weight decay are chosen by held-out training rows, the chosen head is trained again on all of them, and the last epoch counts.
/// </summary>
public static class LinearProbe
{
    public static LinearScore Evaluate(LabelledFeatures data, LinearOptions options)
    {
        using var standard = new Standardisation(data.Train);
        var (head, heldOut) = Choose(data, standard, options);
        using var heads = new LinearHeads(data.Train.Width, data.Classes, [head]);
        var (best, bestEpoch, last) = (-1.0, 0, 0.0);
        Train(heads, data.Train, data.TrainLabels, AllRows(data.Train.Count), standard, options, epoch =>
        {
            last = Accuracy(heads, data.Test, data.TestLabels, AllRows(data.Test.Count), standard)[0];
            if (last > best)
                (best, bestEpoch) = (last, epoch + 1);
        });
        var train = Accuracy(heads, data.Train, data.TrainLabels, AllRows(data.Train.Count), standard)[0];
        return new LinearScore(head, heldOut, last, best, bestEpoch, train);
    }

    /// <summary>Trains heads on rows of a feature matrix.</summary>
    /// <param name="heads">Fresh heads.</param>
    /// <param name="features"><c>[N, D]</c>.</param>
    /// <param name="labels">N classes.</param>
    /// <param name="rows">Which rows.</param>
    /// <param name="standard">Applied to every row.</param>
    /// <param name="options">Epochs, batch size, seed.</param>
    /// <param name="afterEpoch">Called after each epoch with its number from 0.</param>
    public static void Train(
        LinearHeads heads, FeatureMatrix features, int[] labels, int[] rows, Standardisation standard, LinearOptions options, Action<int>? afterEpoch = null)
    {
        var batches = (rows.Length + options.BatchSize - 1) / options.BatchSize;
        for (var epoch = 0; epoch < options.Epochs; epoch++)
        {
            var order = Splits.Shuffle(rows.Length, options.Seed, 1000 + epoch);
            for (var batch = 0; batch < batches; batch++)
            {
                options.Cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var chosen = Batch(order, batch, batches).Select(i => rows[i]).ToArray();
                var progress = ((double)epoch * batches + batch) / ((double)options.Epochs * batches);
                heads.Step(
                    standard.Apply(features.Tensor(chosen)),
                    Labels(labels, chosen),
                    0.5 * (1 + PortableMath.SinCosDegrees(180 * progress).Cos));
            }

            afterEpoch?.Invoke(epoch);
        }
    }

    /// <summary>Accuracy of each head on rows, 0 … 1.</summary>
    public static double[] Accuracy(LinearHeads heads, FeatureMatrix features, int[] labels, int[] rows, Standardisation standard)
    {
        long[]? correct = null;
        foreach (var chunk in rows.Chunk(4096))
        {
            using var scope = NewDisposeScope();
            var now = heads.Correct(standard.Apply(features.Tensor(chunk)), Labels(labels, chunk));
            correct = correct is null ? now : [.. correct.Zip(now, (a, b) => a + b)];
        }

        return Array.ConvertAll(correct!, c => (double)c / rows.Length);
    }

    internal static int[] AllRows(int count) => [.. Enumerable.Range(0, count)];

    internal static Tensor Labels(int[] labels, int[] rows) => tensor(Array.ConvertAll(rows, row => (long)labels[row]));

    /// <summary>Batches of nearly equal size: a last one of a few rows would take steps as large as the others on little evidence.</summary>
    internal static ArraySegment<int> Batch(int[] order, int batch, int batches)
    {
        var from = (int)((long)order.Length * batch / batches);
        var to = (int)((long)order.Length * (batch + 1) / batches);
        return new ArraySegment<int>(order, from, to - from);
    }

    private static (LinearHead Head, double HeldOut) Choose(LabelledFeatures data, Standardisation standard, LinearOptions options)
    {
        if (options.Heads.Count == 1)
            return (options.Heads[0], double.NaN);
        var (held, rest) = Splits.Stratified(data.TrainLabels, options.HeldOut, options.Seed, 0);
        if (rest.Length == 0)
            throw new ProbeException($"{data.Train.Count} training images are too few to hold some out; give at least two of each class");
        using var heads = new LinearHeads(data.Train.Width, data.Classes, options.Heads);
        Train(heads, data.Train, data.TrainLabels, rest, standard, options);
        var accuracies = Accuracy(heads, data.Train, data.TrainLabels, held, standard);
        var best = Array.IndexOf(accuracies, accuracies.Max());
        return (options.Heads[best], accuracies[best]);
    }
}
