using System.Text.Json.Serialization;

namespace SslOrleans.Contracts.Messages;

/// <summary>Kinds of things that happen in a run.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunEventKind>))]
public enum RunEventKind
{
    /// <summary>A step was committed; its values are those of the metrics.</summary>
    [JsonStringEnumMemberName("step")]
    Step,

    /// <summary>Something that one may want to know.</summary>
    [JsonStringEnumMemberName("message")]
    Message,

    /// <summary>A worker takes part.</summary>
    [JsonStringEnumMemberName("joined")]
    Joined,

    /// <summary>A worker left of its own will.</summary>
    [JsonStringEnumMemberName("left")]
    Left,

    /// <summary>A worker is gone: killed, hanging or cut off.</summary>
    [JsonStringEnumMemberName("killed")]
    Killed,

    /// <summary>A worker must not compute.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>A worker is late, and another one computes the same.</summary>
    [JsonStringEnumMemberName("late")]
    Late,

    /// <summary>The run waits for a worker or for the storage.</summary>
    [JsonStringEnumMemberName("waiting")]
    Waiting,

    /// <summary>The run goes on after a loss.</summary>
    [JsonStringEnumMemberName("recovered")]
    Recovered,

    /// <summary>A checkpoint is being written.</summary>
    [JsonStringEnumMemberName("checkpoint")]
    Checkpoint,

    /// <summary>A probe of a version has its results.</summary>
    [JsonStringEnumMemberName("probe")]
    Probe,

    /// <summary>Something that one should look at.</summary>
    [JsonStringEnumMemberName("warning")]
    Warning,

    /// <summary>All steps are committed.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>The run was stopped and can be resumed.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,

    /// <summary>The run ended with a mistake or a fault.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}

/// <summary>Names of <see cref="RunEventKind"/>s.</summary>
public static class RunEventKinds
{
    /// <summary>As in JSON, in metrics and on the console.</summary>
    public static string Name(this RunEventKind kind) => kind.ToString().ToLowerInvariant();
}
