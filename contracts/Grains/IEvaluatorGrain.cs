using Orleans.Concurrency;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Contracts.Grains;

/// <summary>
/// Probes on committed versions, beside the training. Key: the run's name. It keeps a copy of each version until its probes are done;
/// workers extract the features on a thread of lowest priority with networks of their own, so that no step waits and no bit changes.
/// </summary>
[Alias("SslOrleans.IEvaluatorGrain")]
public interface IEvaluatorGrain : IGrainWithStringKey
{
    /// <summary>Copies the version, which must be the present one, and returns; results go to <see cref="ITrainingRunGrain.Evaluated"/>.</summary>
    Task Evaluate(EvaluationOrder order);

    /// <summary>Versions whose results are not there yet.</summary>
    [AlwaysInterleave]
    Task<long[]> Pending();

    /// <summary>A slice of the copy of a version, for the workers that extract its features.</summary>
    /// <param name="version">One of <see cref="Pending"/>.</param>
    /// <param name="teacher">The teacher's slice.</param>
    /// <param name="slice">Which slice.</param>
    [AlwaysInterleave]
    Task<Payload> Weights(long version, bool teacher, int slice);

    /// <summary>float32 features of a block of images, for the worker that runs the probes.</summary>
    [AlwaysInterleave]
    Task<Immutable<byte[]>> Features(FeatureLease block);

    /// <summary>What it holds, for people.</summary>
    [AlwaysInterleave]
    Task<EvaluatorFacts> GetState();
}
