using SslOrleans.Learning.Evaluate;

namespace SslOrleans.Learning.Tests.Evaluate;

/// <summary>Every probe against an independent NumPy or PyTorch computation (Golden/make_probes.py).</summary>
public class GoldenProbeTests
{
    private const double Tolerance = 1e-4;

    private static GoldenProbes Expected => GoldenProbes.Expected;

    private static LabelledFeatures Data => GoldenProbes.Data;

    [Fact]
    public void Nearest_neighbour_predictions_are_NumPys()
    {
        foreach (var golden in Expected.Knn)
        {
            var ours = KnnProbe.Predict(Data, golden.Neighbours, golden.Temperature ?? double.PositiveInfinity);
            Assert.Equal(golden.Predictions, string.Concat(ours));
        }
    }

    [Fact]
    public void One_pass_gives_the_accuracy_of_every_setting()
    {
        var neighbours = Expected.Knn.Select(g => g.Neighbours).Distinct().ToList();
        var temperatures = Expected.Knn.Select(g => g.Temperature ?? double.PositiveInfinity).Distinct().ToList();
        var scores = KnnProbe.Evaluate(Data, neighbours, temperatures, threads: 2);
        Assert.Equal(neighbours.Count * temperatures.Count, scores.Count);
        foreach (var golden in Expected.Knn)
        {
            var accuracy = scores.Single(s => s.Neighbours == golden.Neighbours && s.Temperature == (golden.Temperature ?? double.PositiveInfinity)).Accuracy;
            Assert.Equal(Agreement(golden.Predictions, Data.TestLabels), accuracy, 12);
            Assert.InRange(accuracy, 0.3, 0.95);
        }
    }

    [Fact]
    public void Linear_probe_is_within_three_tenths_of_a_point_of_logistic_regression()
    {
        foreach (var golden in Expected.Logistic)
        {
            // Three batches an epoch: many epochs until the optimum, which is what L-BFGS finds.
            var options = new LinearOptions { Heads = [new LinearHead(0.5, golden.Decay)], Epochs = 600 };
            var ours = LinearProbe.Evaluate(Data, options);
            Assert.Equal(Agreement(golden.Predictions, Data.TestLabels), ours.Accuracy, 0.003);
        }
    }

    [Fact]
    public void Default_linear_probe_does_as_well_as_tuned_logistic_regression()
    {
        var score = LinearProbe.Evaluate(Data, new LinearOptions());
        var best = Expected.Logistic.Max(g => Agreement(g.Predictions, Data.TestLabels));
        Assert.InRange(score.Accuracy, best - 0.01, best + 0.01);
        Assert.True(score.Best >= score.Accuracy);
    }

    [Fact]
    public void Measures_without_labels_are_NumPys()
    {
        var spectrum = Spectrum.Of(Data.Train);
        Assert.Equal(Expected.Singular.Length, spectrum.SingularValues.Length);
        foreach (var (theirs, ours) in Expected.Singular.Zip(spectrum.SingularValues))
            Close(theirs, ours);
        Close(Expected.Rankme, RankMe.Of(spectrum));
        Close(Expected.Entropy, RankMe.Entropy(spectrum));
        Close(Expected.Auc, Collapse.Area(spectrum));
        Assert.Equal(Expected.Rank, Collapse.Rank(spectrum));
        Close(Expected.Alphareq, PowerLaw.AlphaReq(spectrum));
        Close(Expected.Powerlaw, PowerLaw.Whole(spectrum));
        var (mean, least, dead) = Collapse.Spread(Data.Train);
        Close(Expected.Spread.Mean, mean);
        Close(Expected.Spread.Least, least);
        Assert.Equal(0, dead);
    }

    [Fact]
    public void Alignment_and_uniformity_are_NumPys()
    {
        var rows = Data.Test.Rows(0, 1000).ToArray();
        var first = new FeatureMatrix(rows[..(500 * GoldenProbes.Width)], GoldenProbes.Width);
        var second = new FeatureMatrix(rows[(500 * GoldenProbes.Width)..], GoldenProbes.Width);
        Close(Expected.Alignment, AlignmentUniformity.Alignment(first, second));
        Close(Expected.Uniformity, AlignmentUniformity.Uniformity(first));
    }

    [Fact]
    public void Rank_two_is_seen_as_rank_two()
    {
        var values = new float[GoldenProbes.Train * GoldenProbes.Width];
        var z = Data.Train;
        for (var i = 0; i < GoldenProbes.Train; i++)
        {
            for (var d = 0; d < GoldenProbes.Width; d++)
                values[(i * GoldenProbes.Width) + d] = (float)(((double)z.Rows(i, 1)[0] * z.Rows(0, 1)[d]) + ((double)z.Rows(i, 1)[1] * z.Rows(1, 1)[d]));
        }

        Assert.Equal(2, Expected.RankOfRankTwo);
        Assert.Equal(2, Collapse.Rank(Spectrum.Of(new FeatureMatrix(values, GoldenProbes.Width))));
    }

    private static double Agreement(string predictions, int[] labels)
        => predictions.Zip(labels, (p, l) => p - '0' == l ? 1.0 : 0).Sum() / labels.Length;

    private static void Close(PowerLaw expected, PowerLaw actual)
    {
        Close(expected.Exponent, actual.Exponent);
        Close(expected.Determination, actual.Determination);
    }

    private static void Close(double expected, double actual) => Assert.Equal(expected, actual, Tolerance * Math.Abs(expected));
}
