namespace SslOrleans.Learning.Evaluate;

/// <summary>Result of a few-shot probe.</summary>
/// <param name="Share">Share of the training labels that was used.</param>
/// <param name="Images">How many that is.</param>
/// <param name="Accuracy">Mean test accuracy over the draws, 0 … 1.</param>
/// <param name="Deviation">Standard deviation over the draws: with few labels, which ones decides.</param>
public sealed record FewShotScore(double Share, int Images, double Accuracy, double Deviation);

/// <summary>
/// Linear probe with 1 % or 10 % of the labels (E29): the same share of each class, several draws. Weight decay is 1/n for n labels
/// (scikit-learn's C = 1), so that nothing needs labels to be chosen. Features are standardised over all training images, which needs none.
/// </summary>
public static class FewShotProbe
{
    private const int LeastSteps = 500;
    private const double LearningRate = 0.03;

    public static FewShotScore Evaluate(LabelledFeatures data, double share, int draws = 3, ulong seed = 0, CancellationToken cancellation = default)
    {
        using var standard = new Standardisation(data.Train);
        var accuracies = new List<double>();
        var images = 0;
        for (var draw = 0; draw < draws; draw++)
        {
            var (rows, _) = Splits.Stratified(data.TrainLabels, share, seed, 1 + draw);
            images = rows.Length;
            var options = new LinearOptions { Seed = seed, Cancellation = cancellation };
            var batches = (rows.Length + options.BatchSize - 1) / options.BatchSize;
            options = options with { Epochs = Math.Max(50, LeastSteps / batches) };
            using var heads = new LinearHeads(data.Train.Width, data.Classes, [new LinearHead(LearningRate, 1.0 / rows.Length)]);
            LinearProbe.Train(heads, data.Train, data.TrainLabels, rows, standard, options);
            accuracies.Add(LinearProbe.Accuracy(heads, data.Test, data.TestLabels, LinearProbe.AllRows(data.Test.Count), standard)[0]);
        }

        var mean = accuracies.Average();
        return new FewShotScore(share, images, mean, Math.Sqrt(accuracies.Average(a => (a - mean) * (a - mean))));
    }
}
