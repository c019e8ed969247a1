namespace SslOrleans.Learning.Training;

/// <summary>The samples of a run as a worker sees them.</summary>
public interface ITrainingData : IViewProvider, IDisposable
{
    /// <summary>Hash of the data set's content index: every worker of a run must see the same.</summary>
    string Fingerprint { get; }

    /// <summary>Names of the classes in label order; empty when nothing names them.</summary>
    IReadOnlyList<string> Classes => [];

    /// <summary>What is odd about the samples and stops nothing, one sentence each.</summary>
    IReadOnlyList<string> Notes => [];

    /// <summary>A split for probes, without augmentation; null when it does not exist.</summary>
    /// <param name="test">The test split, else the training split.</param>
    EvaluationSet? Evaluation(bool test);
}

/// <summary>Samples of one shape with their labels, as the backbone takes them, without augmentation.</summary>
/// <param name="Count">How many.</param>
/// <param name="Labels">One per sample; null when one has none.</param>
/// <param name="Shape">Of a sample: <c>[3, H, W]</c> of a picture.</param>
/// <param name="View">Samples <c>first … first+count−1</c>.</param>
public sealed record EvaluationSet(int Count, int[]? Labels, IReadOnlyList<long> Shape, Func<int, int, ViewBuffer> View)
{
    /// <summary>Texts beside the samples; null where there are none.</summary>
    public CaptionSet? Texts { get; init; }

    /// <summary>A sample in words, for examples; null where there are none.</summary>
    public Func<int, string>? Describe { get; init; }

    /// <summary>Pixels along the last side but one.</summary>
    public int Height => (int)Shape[^2];

    /// <summary>Pixels along the last side.</summary>
    public int Width => (int)Shape[^1];

    /// <summary>Values of samples <c>first … first+count−1</c>, row-major.</summary>
    public float[] Read(int first, int count) => View(first, count).Values;
}

/// <summary>Texts of an evaluation set.</summary>
/// <param name="View">Tokens <c>[count, L]</c> of the captions of samples <c>first … first+count−1</c>; null without captions.</param>
/// <param name="Prompts">Tokens <c>[T, L]</c> of each class's name in T templates; empty when nothing names the classes.</param>
public sealed record CaptionSet(Func<int, int, ViewBuffer>? View, IReadOnlyList<ViewBuffer> Prompts);
