using System.Text.Json.Serialization;

namespace SslOrleans.Contracts.Messages;

/// <summary>What a client asks for.</summary>
/// <param name="Recipe">The whole recipe, as JSON.</param>
/// <param name="DataPath">Where the images are.</param>
/// <param name="Resume">True when the run may exist and goes on; false refuses a name that is taken.</param>
/// <param name="Id">Of the one who asks: the same request may come again when its answer was lost with a silo. Empty: it comes once.</param>
[GenerateSerializer]
[Alias("SslOrleans.RunRequest")]
public sealed record RunRequest(
    [property: Id(0)] string Recipe,
    [property: Id(1)] string DataPath,
    [property: Id(2)] bool Resume,
    [property: Id(3)] string Id = "");

/// <summary>Where a run stands.</summary>
public enum RunPhase
{
    /// <summary>Known, nothing computed.</summary>
    Created,

    /// <summary>Restoring a checkpoint or replaying the ledger's steps.</summary>
    Recovering,

    /// <summary>No worker is here; goes on when one comes.</summary>
    WaitingForWorkers,

    Training,

    Paused,

    /// <summary>Storage does not take the commit; retried until it does.</summary>
    WaitingForStorage,

    Completed,

    /// <summary>Stopped by a user; can be resumed.</summary>
    Stopped,

    /// <summary>Stopped by an error that the user must mend.</summary>
    Failed,
}

/// <summary>A run at a glance.</summary>
[GenerateSerializer]
[Alias("SslOrleans.RunStatus")]
public sealed record RunStatus(
    [property: Id(0)] string Run,
    [property: Id(1)] RunPhase Phase,
    [property: Id(2)] string Method,
    [property: Id(3)] long Step,
    [property: Id(4)] long TotalSteps,
    [property: Id(5)] double Epoch,
    [property: Id(6)] float Loss,
    [property: Id(7)] double LearningRate,
    [property: Id(8)] double ImagesPerSecond,
    [property: Id(9)] double DataWaitShare,
    [property: Id(10)] string WeightsHash,
    [property: Id(11)] string Message,
    [property: Id(12)] WorkerShare[] Workers,
    [property: Id(13)] long LastCheckpoint,
    [property: Id(14)] Dictionary<string, double> Probes);

/// <summary>What a worker is doing in a run.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorkerActivity>))]
public enum WorkerActivity
{
    /// <summary>It opens the data and builds its networks.</summary>
    [JsonStringEnumMemberName("preparing")]
    Preparing,

    /// <summary>It has no micro-batch.</summary>
    [JsonStringEnumMemberName("ready")]
    Ready,

    /// <summary>It has micro-batches.</summary>
    [JsonStringEnumMemberName("computing")]
    Computing,

    /// <summary>It left, or died.</summary>
    [JsonStringEnumMemberName("gone")]
    Gone,
}

/// <summary>A worker's part in a run.</summary>
[GenerateSerializer]
[Alias("SslOrleans.WorkerShare")]
public sealed record WorkerShare(
    [property: Id(0)] WorkerInfo Worker,
    [property: Id(1)] WorkerActivity State,
    [property: Id(2)] int MicroBatches,
    [property: Id(3)] double MicroBatchesPerSecond,
    [property: Id(4)] DateTimeOffset LastSeen);

/// <summary>Something that happened in a run, in order.</summary>
/// <param name="Sequence">Rises without gaps within a life of the run grain, and begins behind those of its earlier lives.</param>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Step">Step at which it happened.</param>
/// <param name="Time">When.</param>
/// <param name="Text">For people.</param>
/// <param name="Worker">The worker that it is about.</param>
/// <param name="Values">Numbers: loss, learningRate, imagesPerSecond …</param>
[GenerateSerializer]
[Alias("SslOrleans.RunEvent")]
public sealed record RunEvent(
    [property: Id(0)] long Sequence,
    [property: Id(1)] RunEventKind Kind,
    [property: Id(2)] long Step,
    [property: Id(3)] DateTimeOffset Time,
    [property: Id(4)] string Text,
    [property: Id(5)] string? Worker,
    [property: Id(6)] Dictionary<string, double> Values);

/// <summary>Events after a sequence number, and where the run stands.</summary>
[GenerateSerializer]
[Alias("SslOrleans.RunNews")]
public sealed record RunNews(
    [property: Id(0)] RunStatus Status,
    [property: Id(1)] RunEvent[] Events)
{
    /// <summary>The last event's number. When it is below what was seen, the run grain began a new life, and numbers from 1 on.</summary>
    [Id(2)]
    public long LastSequence { get; init; }
}
