using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

public class WeightedKnnTests
{
    private const int Dimension = 5;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(512)]
    public void Equals_a_brute_force_vote_at_any_block_size(int block)
    {
        var (train, trainLabels) = Draw(60, 1);
        var (test, testLabels) = Draw(25, 2);
        int[] neighbours = [1, 5, 20, 100];
        double[] temperatures = [0.07, 0.5, double.PositiveInfinity];
        using var trainTensor = tensor(train).reshape(60, Dimension);
        using var testTensor = tensor(test).reshape(25, Dimension);
        var scores = WeightedKnn.Evaluate(trainTensor, trainLabels, testTensor, testLabels, neighbours, temperatures, block);
        Assert.Equal(12, scores.Count);
        foreach (var score in scores)
            Assert.Equal(BruteForce(score.Neighbours, score.Temperature), score.Accuracy);

        double BruteForce(int k, double t)
        {
            var right = 0;
            for (var i = 0; i < testLabels.Length; i++)
            {
                var votes = new double[3];
                foreach (var (cosine, label) in trainLabels.Select((l, j) => (Cosine(train, j, test, i), l)).OrderByDescending(p => p.Item1).Take(k))
                    votes[label] += double.IsInfinity(t) ? 1 : Math.Exp(cosine / t);
                right += Array.IndexOf(votes, votes.Max()) == testLabels[i] ? 1 : 0;
            }

            return (double)right / testLabels.Length;
        }
    }

    [Fact]
    public void Weights_let_a_near_minority_win_and_the_majority_vote_does_not()
    {
        Assert.Equal(1, WeightedKnn.Vote([0.99f, 0.1f, 0.1f], [1, 0, 0], 3, 0.07, 2));
        Assert.Equal(0, WeightedKnn.Vote([0.99f, 0.1f, 0.1f], [1, 0, 0], 3, double.PositiveInfinity, 2));
    }

    private static double Cosine(float[] a, int i, float[] b, int j)
    {
        double dot = 0, x = 0, y = 0;
        for (var d = 0; d < Dimension; d++)
        {
            dot += (double)a[(i * Dimension) + d] * b[(j * Dimension) + d];
            x += (double)a[(i * Dimension) + d] * a[(i * Dimension) + d];
            y += (double)b[(j * Dimension) + d] * b[(j * Dimension) + d];
        }

        return dot / Math.Sqrt(x * y);
    }

    private static (float[] Features, int[] Labels) Draw(int count, int sample)
    {
        var random = new RandomStream(5, Purpose.Evaluation, 0, sample, 0);
        var labels = new int[count];
        var features = new float[count * Dimension];
        for (var i = 0; i < count; i++)
        {
            labels[i] = (int)random.NextUInt32(3);
            for (var d = 0; d < Dimension; d++)
                features[(i * Dimension) + d] = random.NextNormal() + (d == labels[i] ? 1 : 0);
        }

        return (features, labels);
    }
}
