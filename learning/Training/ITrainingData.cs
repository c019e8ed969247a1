namespace SslOrleans.Learning.Training;

/// <summary>The images of a run as a worker sees them.</summary>
public interface ITrainingData : IViewProvider, IDisposable
{
    /// <summary>Hash of the data set's content index: every worker of a run must see the same.</summary>
    string Fingerprint { get; }

    /// <summary>What is odd about the images and stops nothing, one sentence each.</summary>
    IReadOnlyList<string> Notes => [];

    /// <summary>A split for probes, without augmentation; null when it does not exist.</summary>
    /// <param name="test">The test split, else the training split.</param>
    EvaluationSet? Evaluation(bool test);
}

/// <summary>Normalised images of one size with their labels.</summary>
/// <param name="Count">How many.</param>
/// <param name="Labels">One per image; null when one has none.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Read">Pixels <c>[count, 3, H, W]</c> of images <c>first … first+count−1</c>.</param>
public sealed record EvaluationSet(int Count, int[]? Labels, int Height, int Width, Func<int, int, float[]> Read);
