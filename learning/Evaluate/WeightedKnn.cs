using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Evaluate;

/// <summary>Accuracy of one setting of the kNN probe.</summary>
/// <param name="Neighbours">k.</param>
/// <param name="Temperature">T; infinite for the majority vote.</param>
/// <param name="Accuracy">Share of test images whose class got most votes, 0 … 1.</param>
public sealed record KnnScore(int Neighbours, double Temperature, double Accuracy);

/// <summary>
/// kNN probe on frozen features (cookbook §3.5.1; E03, E04): the k training images of highest cosine vote for their class
/// with weight e^{cos/T}; T = ∞ is the majority vote. Any number of k and T costs one pass over the similarities.
/// </summary>
public static class WeightedKnn
{
    /// <param name="train">Features <c>[N, D]</c>, normalised here.</param>
    /// <param name="trainLabels">N classes from 0.</param>
    /// <param name="test">Features <c>[M, D]</c>.</param>
    /// <param name="testLabels">M classes.</param>
    /// <param name="neighbours">Every k; cut to N.</param>
    /// <param name="temperatures">Every T above 0.</param>
    /// <param name="block">Test images at a time; bounds memory at block × N similarities.</param>
    /// <returns>One score for each k and T, k first.</returns>
    public static IReadOnlyList<KnnScore> Evaluate(
        Tensor train,
        IReadOnlyList<int> trainLabels,
        Tensor test,
        IReadOnlyList<int> testLabels,
        IReadOnlyList<int> neighbours,
        IReadOnlyList<double> temperatures,
        int block = 512)
    {
        if (train.shape[0] != trainLabels.Count || test.shape[0] != testLabels.Count)
            throw new ArgumentException($"{train.shape[0]} and {test.shape[0]} features, {trainLabels.Count} and {testLabels.Count} labels.");
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var classes = trainLabels.Concat(testLabels).DefaultIfEmpty().Max() + 1;
        var most = (int)Math.Min(neighbours.Max(), train.shape[0]);
        var transposed = functional.normalize(train, dim: 1).t().contiguous();
        var normalised = functional.normalize(test, dim: 1);
        var correct = new int[neighbours.Count * temperatures.Count];
        for (var start = 0L; start < test.shape[0]; start += block)
        {
            using var inner = NewDisposeScope();
            var end = Math.Min(start + block, test.shape[0]);
            var (values, indexes) = normalised.narrow(0, start, end - start).mm(transposed).topk(most, 1);
            var cosines = values.cpu().contiguous().data<float>().ToArray();
            var nearest = indexes.cpu().contiguous().data<long>().ToArray();
            for (var row = 0; row < end - start; row++)
            {
                var labels = Array.ConvertAll(nearest[(row * most)..((row + 1) * most)], i => trainLabels[(int)i]);
                Count(cosines.AsSpan(row * most, most), labels, testLabels[(int)start + row], neighbours, temperatures, classes, correct);
            }
        }

        return [.. from k in Enumerable.Range(0, neighbours.Count)
                   from t in Enumerable.Range(0, temperatures.Count)
                   select new KnnScore(neighbours[k], temperatures[t], (double)correct[(k * temperatures.Count) + t] / test.shape[0])];
    }

    /// <summary>The class that the first <paramref name="k"/> neighbours vote for; the smallest of equals.</summary>
    /// <param name="cosines">Cosines of the neighbours, highest first.</param>
    /// <param name="labels">Their classes.</param>
    /// <param name="k">How many vote.</param>
    /// <param name="temperature">T.</param>
    /// <param name="classes">Number of classes.</param>
    public static int Vote(ReadOnlySpan<float> cosines, ReadOnlySpan<int> labels, int k, double temperature, int classes)
    {
        var votes = new double[classes];
        for (var i = 0; i < Math.Min(k, labels.Length); i++)
            votes[labels[i]] += Math.Exp(cosines[i] / temperature);
        return Array.IndexOf(votes, votes.Max());
    }

    private static void Count(
        ReadOnlySpan<float> cosines, int[] labels, int truth, IReadOnlyList<int> neighbours, IReadOnlyList<double> temperatures, int classes, int[] correct)
    {
        for (var k = 0; k < neighbours.Count; k++)
        {
            for (var t = 0; t < temperatures.Count; t++)
            {
                if (Vote(cosines, labels, neighbours[k], temperatures[t], classes) == truth)
                    correct[(k * temperatures.Count) + t]++;
            }
        }
    }
}
