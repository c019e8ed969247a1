using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Evaluate;

/// <summary>Accuracy of one setting of the kNN probe.</summary>
/// <param name="Neighbours">k.</param>
/// <param name="Temperature">T; infinite for the majority vote.</param>
/// <param name="Accuracy">Share of test images whose class got most votes, 0 … 1.</param>
public sealed record KnnScore(int Neighbours, double Temperature, double Accuracy);

/// <summary>
/// kNN probe on frozen features (cookbook §3.7; E03, E04): the k training images of highest cosine vote for their class with weight
/// e^{cos/T}; T = ∞ is the majority vote. Any number of k and T costs one pass over the similarities, which are made in blocks of
/// test and training rows and never held as a whole.
/// </summary>
public static class KnnProbe
{
    private const int MostRows = 4096;
    private const int TrainBlock = 1024;

    /// <summary>One score for each k and T, k first. A k above N is cut to N.</summary>
    /// <param name="data">Features <c>[N, D]</c> and <c>[M, D]</c>, normalised here.</param>
    /// <param name="neighbours">Every k above 0.</param>
    /// <param name="temperatures">Every T above 0.</param>
    /// <param name="threads">Threads that each multiply and search; 1 inside a worker, whose libtorch threads then multiply.</param>
    /// <param name="cancellation">Ends it between two blocks.</param>
    public static IReadOnlyList<KnnScore> Evaluate(
        LabelledFeatures data, IReadOnlyList<int> neighbours, IReadOnlyList<double> temperatures, int threads = 1, CancellationToken cancellation = default)
    {
        var correct = new long[neighbours.Count * temperatures.Count];
        Each(data.Train, data.Test, neighbours.Max(), threads, (row, cosines, indexes) =>
        {
            var labels = new int[indexes.Length];
            for (var i = 0; i < labels.Length; i++)
                labels[i] = data.TrainLabels[indexes[i]];
            for (var t = 0; t < temperatures.Count; t++)
            {
                for (var k = 0; k < neighbours.Count; k++)
                {
                    if (Vote(cosines, labels, neighbours[k], temperatures[t], data.Classes) == data.TestLabels[row])
                        Interlocked.Increment(ref correct[(k * temperatures.Count) + t]);
                }
            }
        }, cancellation);
        return [.. from k in Enumerable.Range(0, neighbours.Count)
                   from t in Enumerable.Range(0, temperatures.Count)
                   select new KnnScore(neighbours[k], temperatures[t], (double)correct[(k * temperatures.Count) + t] / data.Test.Count)];
    }

    /// <summary>The predicted class of every test row.</summary>
    public static int[] Predict(LabelledFeatures data, int neighbours, double temperature, int threads = 1)
    {
        var predicted = new int[data.Test.Count];
        Each(data.Train, data.Test, neighbours, threads, (row, cosines, indexes) =>
            predicted[row] = Vote(cosines, Array.ConvertAll(indexes.ToArray(), i => data.TrainLabels[i]), neighbours, temperature, data.Classes));
        return predicted;
    }

    /// <summary>The training rows nearest to each test row by cosine, nearest first: <c>[M][min(k, N)]</c>.</summary>
    public static int[][] Neighbours(FeatureMatrix train, FeatureMatrix test, int neighbours, int threads = 1)
    {
        var found = new int[test.Count][];
        Each(train, test, neighbours, threads, (row, _, indexes) => found[row] = indexes.ToArray());
        return found;
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
        {
#pragma warning disable RS0030 // A probe's vote enters no weight, and millions of them are taken.
            votes[labels[i]] += Math.Exp(cosines[i] / temperature);
#pragma warning restore RS0030
        }

        return Array.IndexOf(votes, votes.Max());
    }

    private delegate void Neighbourhood(int row, ReadOnlySpan<float> cosines, ReadOnlySpan<int> indexes);

    private static void Each(FeatureMatrix train, FeatureMatrix test, int neighbours, int threads, Neighbourhood visit, CancellationToken cancellation = default)
    {
        var blocks = test.Blocks(Rows(test.Count, threads)).ToList();
        if (threads == 1)
        {
            foreach (var (first, count) in blocks)
                Block(first, count);
            return;
        }

        // Each thread multiplies and searches on its own: between two products libtorch's own threads would spin while others search.
        Parallel.ForEach(blocks, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation }, block =>
        {
            var before = get_num_threads();
            ThreadCount.Set(1);
            try
            {
                Block(block.First, block.Count);
            }
            finally
            {
                ThreadCount.Set(before);
            }
        });

        void Block(int first, int count)
        {
            using var off = no_grad();
            using var scope = NewDisposeScope();
            var most = Math.Min(neighbours, train.Count);
            var nearest = Enumerable.Range(0, count).Select(_ => new NearestRows(most)).ToArray();
            var similarities = new float[count * Math.Min(TrainBlock, train.Count)];
            var queries = functional.normalize(test.Tensor(first, count), dim: 1);
            foreach (var (trainFirst, trainCount) in train.Blocks(TrainBlock))
            {
                cancellation.ThrowIfCancellationRequested();
                using var inner = NewDisposeScope();
                var values = similarities.AsSpan(0, count * trainCount);
                queries.mm(functional.normalize(train.Tensor(trainFirst, trainCount), dim: 1).t()).CopyTo(values);
                for (var row = 0; row < count; row++)
                    nearest[row].Add(values.Slice(row * trainCount, trainCount), trainFirst);
            }

            var cosines = new float[most];
            var indexes = new int[most];
            for (var row = 0; row < count; row++)
            {
                var found = nearest[row].Take(cosines, indexes);
                visit(first + row, cosines.AsSpan(0, found), indexes.AsSpan(0, found));
            }
        }
    }

    /// <summary>Rows of a block: as many blocks for each thread, and none above <see cref="MostRows"/>.</summary>
    private static int Rows(int count, int threads)
    {
        var rounds = Math.Max(1, (count + (threads * MostRows) - 1) / (threads * MostRows));
        return Math.Max(1, (count + (threads * rounds) - 1) / (threads * rounds));
    }
}
