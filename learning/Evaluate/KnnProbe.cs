using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Evaluate;

/// <summary>Weighted kNN (E04) of a backbone on a run's two splits.</summary>
public static class KnnProbe
{
    private const int Block = 256;

    /// <summary>Accuracy by name (<c>knn</c>, 0 … 1); empty when a split or its labels are missing.</summary>
    /// <param name="features">Pixels, height and width of a block to its features <c>[n, D]</c>.</param>
    /// <param name="width">D.</param>
    public static IReadOnlyDictionary<string, double> Run(Func<float[], int, int, float[]> features, int width, ITrainingData data, EvaluationRecipe recipe)
    {
        if (data.Evaluation(test: false) is not { } train || data.Evaluation(test: true) is not { } test)
            return new Dictionary<string, double>();
        using var scope = NewDisposeScope();
        var score = WeightedKnn.Evaluate(
            Extract(features, width, train), train.Labels, Extract(features, width, test), test.Labels, [recipe.Neighbours], [recipe.Temperature])[0];
        return new Dictionary<string, double> { ["knn"] = score.Accuracy };
    }

    private static Tensor Extract(Func<float[], int, int, float[]> features, int width, EvaluationSet set)
    {
        var all = new float[set.Labels.Length * width];
        for (var first = 0; first < set.Labels.Length; first += Block)
        {
            var count = Math.Min(Block, set.Labels.Length - first);
            features(set.Read(first, count), set.Height, set.Width).CopyTo(all, first * width);
        }

        return tensor(all, [set.Labels.Length, width]);
    }
}
