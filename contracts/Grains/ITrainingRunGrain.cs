using Orleans.Concurrency;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Contracts.Grains;

/// <summary>
/// A run: recipe, step, plan, leases, ledger position. Key: the run's name. A client does not learn that the silo which it waits for has
/// died, as silos do of each other; what it may ask again has a short limit.
/// </summary>
[Alias("SslOrleans.ITrainingRunGrain")]
public interface ITrainingRunGrain : IGrainWithStringKey
{
    /// <summary>Creates the run, or takes it up again, and starts it. Returns at once; the work goes on.</summary>
    /// <exception cref="UserErrorException">The name is taken, or the recipe differs from the run's.</exception>
    [ResponseTimeout("00:10:00")]
    Task<RunStatus> Start(RunRequest request);

    /// <summary>Stops after the step in progress; the run stays in memory.</summary>
    Task Pause();

    /// <summary>Goes on after a pause.</summary>
    Task Continue();

    /// <summary>Stops after the step in progress, with a checkpoint; returns when it is written.</summary>
    [ResponseTimeout("00:10:00")]
    Task Stop();

    /// <summary>Writes a checkpoint after the step in progress.</summary>
    Task Checkpoint();

    /// <summary>Events after <paramref name="after"/>; waits up to a second for the first.</summary>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:10")]
    Task<RunNews> News(long after);

    /// <summary>The same without waiting.</summary>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:10")]
    Task<RunNews> Recent(long after);

    [AlwaysInterleave]
    [ResponseTimeout("00:00:10")]
    Task<RunStatus> Status();

    /// <summary>What it holds, for people; of a run that is not led here, that it is not. It wakes nothing up.</summary>
    [AlwaysInterleave]
    Task<RunFacts> GetState();

    /// <summary>Takes what probes found on a version into the run's metrics.</summary>
    [AlwaysInterleave]
    Task Evaluated(EvaluationResult result);

    /// <summary>Leases that changed after <paramref name="change"/>; −1 asks for all that are remembered.</summary>
    [AlwaysInterleave]
    Task<RunLeases> Leases(long change);

    /// <summary>
    /// A worker that computes for the run says so every second. A run whose silo died has nobody else to tell it that it should train:
    /// it goes on from the last committed step.
    /// </summary>
    [AlwaysInterleave]
    [OneWay]
    Task Wake();

    /// <summary>A worker leaves of its own will: its open micro-batches are dealt again at once.</summary>
    [AlwaysInterleave]
    Task WorkerLeft(string worker);
}

/// <summary>The list of runs. Key: "runs".</summary>
[Alias("SslOrleans.IRunCatalogGrain")]
public interface IRunCatalogGrain : IGrainWithStringKey
{
    const string Key = "runs";

    Task Add(string run);

    Task<string[]> List();
}
