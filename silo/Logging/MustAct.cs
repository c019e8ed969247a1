using Microsoft.Extensions.Logging;

namespace SslOrleans.Silo.Logging;

/// <summary>
/// What Orleans says that somebody who looks at the console has to do something about. The rest of what Orleans, and Polly inside it, warn of
/// (processes that are killed, hang, leave or come back; calls that fail on the way) is this program's daily business: the run tells of a lost
/// worker in its events, a silo that was declared dead says so itself. <c>SSLO_TRACE=1</c> prints everything.
/// </summary>
internal static class MustAct
{
    private const string Membership = "Orleans.Runtime.MembershipService.";

    private static readonly HashSet<(string Category, string Event)> s_events =
    [
        // The machine gave the process no time, because it is overloaded or was suspended.
        ("Orleans.Runtime.Watchdog", "LogWarningSiloHeartbeatTimerStalled"),

        // The storage that keeps the membership cannot be read or written.
        (Membership + "MembershipTableManager", "LogWarningFailedToRefreshMembershipTable"),
        (Membership + "MembershipAgent", "LogWarningFailedToUpdateTableEntryForThisSilo"),

        // Never seen; to be reported.
        ("Orleans.Runtime.GrainDirectory.GrainDirectoryPartition", "LogErrorIntegrityViolation"),
    ];

    /// <summary>Certificates that do not fit, whatever the event.</summary>
    private const string Security = "Orleans.Connections.Security";

    /// <summary>Names of the events that are printed whatever is in them.</summary>
    public static IEnumerable<(string Category, string Event)> Events => s_events;

    /// <summary>False for libraries that this program is built on and that have nothing to say to the user.</summary>
    /// <param name="level">Of the entry.</param>
    /// <param name="category">Of the logger.</param>
    /// <param name="id">The event; Orleans names each.</param>
    /// <param name="state">The values in its text.</param>
    /// <param name="exception">That goes with it.</param>
    public static bool Covers(LogLevel level, string category, EventId id, object? state, Exception? exception)
    {
        if (!category.StartsWith("Orleans", StringComparison.Ordinal) && !category.StartsWith("Polly", StringComparison.Ordinal))
            return (category, id.Name) is not ("Microsoft.Extensions.Hosting.Internal.Host", "HostedServiceStartupFaulted"); // Whoever started the host says it in a line.
        return level == LogLevel.Critical || category.StartsWith(Security, StringComparison.Ordinal) || s_events.Contains((category, id.Name ?? "")) || (category, id.Name) switch
        {
            // What a grain throws travels to whoever asked, who handles or tells it, unless it is a fault of the program.
            ("Orleans.Grain.InvokeException", _) => exception is not (null or OrleansException or TimeoutException or OperationCanceledException or ObjectDisposedException)
                && exception.GetType().Namespace?.StartsWith(nameof(SslOrleans), StringComparison.Ordinal) != true,

            // A silo that leaves writes so into the membership table, which may be gone before it; one that stays must be able to write.
            (Membership + "MembershipTableManager", "LogWarningFailedToUpdateMyStatusDueToFailures") =>
                state is not IEnumerable<KeyValuePair<string, object?>> values || !values.Any(v => v is { Key: "Status", Value: SiloStatus.Dead or SiloStatus.ShuttingDown or SiloStatus.Stopping }),
            _ => false,
        };
    }
}
