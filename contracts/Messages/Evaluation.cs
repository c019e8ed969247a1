
namespace SslOrleans.Contracts.Messages;

/// <summary>Asks for probes on a committed version.</summary>
/// <param name="Run">What workers need to know of the run.</param>
/// <param name="Tensors">How the flat vector is laid out.</param>
/// <param name="Version">Commits in the weights.</param>
/// <param name="Hash">Their hash, as in the ledger.</param>
/// <param name="Probes">Names of the probes.</param>
/// <param name="DataFingerprint">Workers that see other images are not asked.</param>
/// <param name="NumericsClass">Workers of another class are not asked; empty: any is.</param>
[GenerateSerializer]
[Alias("SslOrleans.EvaluationOrder")]
public sealed record EvaluationOrder(
    [property: Id(0)] RunBrief Run,
    [property: Id(1)] TensorEntry[] Tensors,
    [property: Id(2)] long Version,
    [property: Id(3)] string Hash,
    [property: Id(4)] string[] Probes,
    [property: Id(5)] string DataFingerprint,
    [property: Id(6)] string NumericsClass);

/// <summary>The images that probes look at, as a worker sees them.</summary>
/// <param name="Train">Training images.</param>
/// <param name="Test">Test images; 0 without a test split.</param>
/// <param name="Width">Width of the features.</param>
/// <param name="DataFingerprint">Of the training images.</param>
[GenerateSerializer]
[Alias("SslOrleans.EvaluationImages")]
public sealed record EvaluationImages(
    [property: Id(0)] int Train,
    [property: Id(1)] int Test,
    [property: Id(2)] int Width,
    [property: Id(3)] string DataFingerprint);

/// <summary>A block of images to encode with a version.</summary>
[GenerateSerializer]
[Alias("SslOrleans.FeatureLease")]
public sealed record FeatureLease(
    [property: Id(0)] RunBrief Run,
    [property: Id(1)] long Version,
    [property: Id(2)] bool Test,
    [property: Id(3)] int First,
    [property: Id(4)] int Count);

/// <summary>Probes to run on features that the evaluator has.</summary>
[GenerateSerializer]
[Alias("SslOrleans.ProbeLease")]
public sealed record ProbeLease(
    [property: Id(0)] RunBrief Run,
    [property: Id(1)] long Version,
    [property: Id(2)] string[] Probes);

/// <summary>What probes found on a version.</summary>
/// <param name="Step">The version.</param>
/// <param name="Hash">Hash of its weights.</param>
/// <param name="Values">By name: knn, linear, rankme …; accuracies as shares of 1.</param>
/// <param name="Headlines">The names that a summary shows.</param>
/// <param name="Errors">Probes that could not be run, and why.</param>
/// <param name="Seconds">From the order to the result.</param>
[GenerateSerializer]
[Alias("SslOrleans.EvaluationResult")]
public sealed record EvaluationResult(
    [property: Id(0)] long Step,
    [property: Id(1)] string Hash,
    [property: Id(2)] Dictionary<string, double> Values,
    [property: Id(3)] string[] Headlines,
    [property: Id(4)] string[] Errors,
    [property: Id(5)] double Seconds);
