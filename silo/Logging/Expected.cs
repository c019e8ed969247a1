using Microsoft.Extensions.Logging;

namespace SslOrleans.Silo.Logging;

/// <summary>
/// What Orleans, and Polly inside it, warn of when processes are killed, hang, leave or come back, which is this program's daily business: the run
/// tells of a lost worker in its events, the console of a silo that was declared dead. Everything else that they say stays a warning.
/// </summary>
internal static class Expected
{
    private const string Membership = "Orleans.Runtime.MembershipService.";
    private const string Messaging = "Orleans.Runtime.Messaging.";

    private static readonly HashSet<(string Category, string Event)> s_events =
    [
        // Advice on garbage collection that has no bearing here, and an alarm that the watchdog's first tick gives.
        ("Orleans.Runtime.Silo", "LogWarningSiloGcNotRunningWithServerGC"),
        ("Orleans.Runtime.Silo", "LogWarningSiloGcMultiCoreSystem"),
        ("Orleans.Runtime.Watchdog", "LogWarningParticipantCheckThreadStalled"),

        // A silo is gone, or is not there yet: connections to it break, probes and calls fail, the directory recovers its ranges.
        (Messaging + "Connection", "LogWarningExceptionProcessingMessagesFromRemote"),
        (Messaging + "Connection", "LogWarningExceptionProcessingMessagesToRemote"),
        (Messaging + "Connection", "LogWarningExceptionProcessingIncomingMessages"),
        (Messaging + "Connection", "LogWarningExceptionProcessingOutgoingMessages"),
        (Messaging + "Connection", "LogWarningFailedToSendPingMessage"),
        (Messaging + "Connection", "LogWarningFailedPingMessage"),
        (Messaging + "ConnectionManager", "LogWarningConnectionTerminated"),
        (Messaging + "ConnectionManager", "LogWarningConnectionAttemptFailed"),
        (Membership + "SiloHealthMonitor", "LogWarningDidNotGetResponseForProbe"),
        (Membership + "ProbingSiloHealthMonitor", "LogNoRecentProbeRequest"),
        (Membership + "ProbingSiloHealthMonitor", "LogNoRecentProbeResponse"),
        (Membership + "ProbingSiloHealthMonitor", "LogNoProbeRequests"),
        (Membership + "ProbingSiloHealthMonitor", "LogNoProbeResponses"),

        // The sum of complaints that are logged one by one.
        (Membership + "LocalSiloHealthMonitor", "LogSelfMonitoringDegraded"),
        (Membership + "MembershipSystemTarget", "LogWarningErrorSendingGossipNotificationToRemoteSilo"),
        (Membership + "MembershipTableManager", "LogWarningTimedOutWhileGossipingStatus"),
        (Membership + "MembershipTableManager", "LogWarningMissedIAmAliveTableUpdate"),
        (Membership + "MembershipAgent", "LogWarningDidNotReceiveProbeResponse"),
        (Membership + "MembershipAgent", "LogErrorFailedToGetPingResponses"),
        (Membership + "SiloMetadata.SiloMetadataCache", "LogErrorFetchingSiloMetadata"),
        ("Orleans.Runtime.Metadata.ClusterManifestProvider", "LogWarningErrorRetrievingSiloManifest"),
        ("Orleans.Runtime.CallbackData", "LogTargetSiloFail"),
        ("Orleans.Runtime.GrainCallCancellationManager", "LogErrorCancellingRequests"),
        ("Orleans.Runtime.GrainDirectory.ClientDirectory", "LogErrorPublishingClientRoutingTableToSilo"),
        ("Orleans.Runtime.GrainDirectory.ClientDirectory", "LogErrorCallingRemoteClientDirectory"),
        ("Orleans.Runtime.GrainDirectory.GrainDirectoryPartition", "LogWarningRemoteHostUnavailable"),
        ("Orleans.Runtime.GrainDirectory.GrainDirectoryPartition", "LogErrorErrorInvokingOperation"),
        ("Orleans.Grain", "LogFailedToUnregisterActivation"),

        // This silo was declared dead or is asked to end with little time: it says so itself.
        (Membership + "MembershipTableManager", "LogWarningFoundMyselfDeadInMembershipUpdate"),
        (Membership + "MembershipTableManager", "LogErrorKillMyselfLocally"),
        (Membership + "MembershipTableManager", "LogWarningNodeRestarted"),
        (Membership + "MembershipTableManager", "LogWarningDetectedOlder"),
        ("Orleans.Runtime.SiloLifecycleSubject", "LogWarningLifecycleStopCanceled"),
        ("Orleans.Runtime.Silo", "LogWarningSomeGrainsFailedToDeactivate"),
        ("Orleans.Runtime.Silo", "LogSiloShutDown"),
        ("Orleans.Messaging", "OnDropBlockedApplicationMessage"),

        // Why a silo did not start: whoever started it says so in a line, and tries again where that may help.
        ("Orleans.Runtime.Silo", "LogErrorSiloStart"),
        ("Orleans.Runtime.SiloLifecycleSubject", "LogErrorObserverStartFailure"),
        ("Orleans.Runtime.SiloLifecycleSubject", "LogErrorLifecycleStartFailure"),
        ("Orleans.Runtime.SiloLifecycleSubject", "LogWarningLifecycleStopFailure"),
        (Membership + "MembershipTableManager", "LogErrorMembershipFailedToStart"),
        ("Microsoft.Extensions.Hosting.Internal.Host", "HostedServiceStartupFaulted"),

        // Orleans asks again where a grain belongs when the silo that it had chosen is gone.
        ("Polly", "ExecutionAttempt"),
        ("Polly", "ResilienceEvent"),
    ];

    /// <summary>Names of the events that are left out whatever is in them.</summary>
    public static IEnumerable<(string Category, string Event)> Events => s_events;

    /// <param name="category">Of the logger.</param>
    /// <param name="id">The event; Orleans names each.</param>
    /// <param name="state">The values in its text.</param>
    /// <param name="exception">That goes with it.</param>
    public static bool Covers(string category, EventId id, object? state, Exception? exception) => s_events.Contains((category, id.Name ?? "")) || (category, id.Name) switch
    {
        // A grain had no time to end, because its silo had none.
        ("Orleans.Grain", "LogErrorInGrainMethod") => exception is OperationCanceledException,

        // What a grain throws travels to whoever asked, who handles or tells it.
        ("Orleans.Grain.InvokeException", _) => exception is OrleansException or TimeoutException || exception?.GetType().Namespace?.StartsWith(nameof(SslOrleans), StringComparison.Ordinal) == true,

        // A silo that leaves writes so into the membership table, which may be gone before it.
        (Membership + "MembershipTableManager", "LogWarningFailedToUpdateMyStatusDueToFailures") =>
            state is IEnumerable<KeyValuePair<string, object?>> values && values.Any(v => v is { Key: "Status", Value: SiloStatus.Dead or SiloStatus.ShuttingDown or SiloStatus.Stopping }),

        // With a neighbour's death its probes end.
        (Membership + "LocalSiloHealthMonitor", "LogRecordedHealthIssue") =>
            state is IEnumerable<KeyValuePair<string, object?>> values && values.Any(v => v.Value is "ProbeRequests" or "ProbeResponses"),

        // Somebody called a silo that is gone or about to go, a warm copy on it say; the caller is told, and knows what to do.
        ("Orleans.Messaging", "SelectTargetFailed") => exception is OrleansException,
        _ => false,
    };
}
