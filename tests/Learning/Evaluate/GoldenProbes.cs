using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Tests.Golden;

namespace SslOrleans.Learning.Tests.Evaluate;

/// <summary>probes.json, and the features that make_probes.py drew from the same integers.</summary>
internal sealed record GoldenProbes(
    GoldenKnn[] Knn,
    GoldenLogistic[] Logistic,
    double[] Singular,
    double Rankme,
    double Entropy,
    int Rank,
    int RankOfRankTwo,
    PowerLaw Alphareq,
    PowerLaw Powerlaw,
    double Auc,
    GoldenSpread Spread,
    double Alignment,
    double Uniformity)
{
    public const int Classes = 5;
    public const int Width = 24;
    public const int Train = 600;
    public const int Test = 1000;

    public static GoldenProbes Expected { get; } = GoldenCase.Read<GoldenProbes>("probes.json");

    public static LabelledFeatures Data { get; } = Draw();

    private static LabelledFeatures Draw()
    {
        var state = 12345u;
        var means = new double[Classes, Width];
        for (var c = 0; c < Classes; c++)
        {
            for (var d = 0; d < Width; d++)
                means[c, d] = (Uniform() - 0.5) * 1.6 / (1 + (d / 4.0));
        }

        var (train, trainLabels) = Rows(Train);
        var (test, testLabels) = Rows(Test);
        return new LabelledFeatures(train, trainLabels, test, testLabels);

        (FeatureMatrix, int[]) Rows(int count)
        {
            var values = new float[count * Width];
            var labels = new int[count];
            for (var i = 0; i < count; i++)
            {
                labels[i] = (int)(Uniform() * Classes);
                for (var d = 0; d < Width; d++)
                    values[(i * Width) + d] = (float)(means[labels[i], d] + (Noise() * (1.5 / (1 + (d / 4.0)))));
            }

            return (new FeatureMatrix(values, Width), labels);
        }

        double Uniform()
        {
            state = unchecked((state * 1664525u) + 1013904223u);
            return state / 4294967296.0;
        }

        double Noise() => Uniform() + Uniform() + Uniform() + Uniform() - 2.0;
    }
}

internal sealed record GoldenKnn(int Neighbours, double? Temperature, string Predictions);

internal sealed record GoldenLogistic(double Decay, string Predictions);

internal sealed record GoldenSpread(double Mean, double Least);
