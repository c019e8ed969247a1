namespace SslOrleans.Learning.Evaluate;

/// <summary>Features of one layer on the splits of a data set: what every probe works on.</summary>
/// <param name="Layer">backbone, projector.1 …</param>
/// <param name="Train">Features <c>[N, D]</c> of the training split.</param>
/// <param name="TrainLabels">N classes from 0; null without labels.</param>
/// <param name="Test">Features <c>[M, D]</c> of the test split; null without one.</param>
/// <param name="TestLabels">M classes; null without labels.</param>
public sealed record ProbeData(string Layer, FeatureMatrix Train, int[]? TrainLabels, FeatureMatrix? Test, int[]? TestLabels) : IDisposable
{
    /// <summary>Features <c>[P, D]</c> of two augmented views of the same images; null where no views are known.</summary>
    public (FeatureMatrix First, FeatureMatrix Second)? Pairs { get; init; }

    /// <summary>Features of images in all four rotations, with the quarter turns as classes; null where nobody asked for them.</summary>
    public LabelledFeatures? Rotations { get; init; }

    /// <summary>Images and texts in a common space; null where there is none.</summary>
    public PairedFeatures? Paired { get; init; }

    /// <summary>A test sample in words; null where there are none.</summary>
    public Func<int, string>? Describe { get; init; }

    /// <summary>The labelled splits, checked.</summary>
    /// <exception cref="ProbeException">Labels or the test split are missing, do not fit, or all are of one class.</exception>
    public LabelledFeatures Labelled()
    {
        if (TrainLabels is null)
            throw new ProbeException("the training split has no labels; give a data set with labels, or a probe without (rank, uniformity, std)");
        if (Test is null)
            throw new ProbeException("there is no test split; add one to the data set");
        if (TestLabels is null)
            throw new ProbeException("the test split has no labels");
        if (Train.Count != TrainLabels.Length || Test.Count != TestLabels.Length || Train.Width != Test.Width)
            throw new ArgumentException($"{Layer}: [{Train.Count}, {Train.Width}] and [{Test.Count}, {Test.Width}] features, {TrainLabels.Length} and {TestLabels.Length} labels.");
        if (Train.Count == 0 || Test.Count == 0)
            throw new ProbeException("a split is empty");
        if (TrainLabels.Distinct().Count() < 2)
            throw new ProbeException($"all {Train.Count} training images are of class {TrainLabels[0]}; an accuracy says nothing with one class");
        return new LabelledFeatures(Train, TrainLabels, Test, TestLabels);
    }

    /// <exception cref="ProbeException">A feature is NaN or infinite; names split and row.</exception>
    public void MustBeFinite()
    {
        foreach (var (split, features) in new[] { ("training", Train), ("test", Test), ("first view's", Pairs?.First), ("second view's", Pairs?.Second) })
        {
            if (features?.FirstBroken() is >= 0 and var row)
                throw new ProbeException($"the {split} feature of image {row} is not finite; the weights are broken, go back to an earlier checkpoint");
        }
    }

    public void Dispose()
    {
        Train.Dispose();
        Test?.Dispose();
        Pairs?.First.Dispose();
        Pairs?.Second.Dispose();
        Rotations?.Train.Dispose();
        Rotations?.Test.Dispose();
        Paired?.Dispose();
    }
}

/// <summary>Both splits with their labels.</summary>
public sealed record LabelledFeatures(FeatureMatrix Train, int[] TrainLabels, FeatureMatrix Test, int[] TestLabels)
{
    /// <summary>Highest label + 1.</summary>
    public int Classes { get; } = Math.Max(TrainLabels.Max(), TestLabels.Max()) + 1;
}

/// <summary>A probe cannot be run on this data; the others still can.</summary>
public sealed class ProbeException(string message) : Exception(message);
