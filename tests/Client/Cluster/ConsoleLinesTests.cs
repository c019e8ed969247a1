using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SslOrleans.Contracts;
using SslOrleans.Silo.Logging;

namespace SslOrleans.Client.Tests.Cluster;

public class ConsoleLinesTests
{
    [Fact]
    public void An_entry_is_a_line_and_its_exception_a_type_and_a_message()
    {
        var line = Write("SslOrleans.Silo", "LogSomething", "it broke", new InvalidOperationException("why it broke\n   at Some.Place() in /src/file.cs:line 3"));
        Assert.Equal("warn: SslOrleans.Silo[LogSomething] it broke (InvalidOperationException: why it broke)\n", line);
    }

    [Theory]
    [InlineData("Orleans.Runtime.MembershipService.SiloHealthMonitor", "LogWarningDidNotGetResponseForProbe")]
    [InlineData("Orleans.Runtime.Messaging.ConnectionManager", "LogWarningConnectionAttemptFailed")]
    [InlineData("Orleans.Grain", "LogFailedToUnregisterActivation")]
    [InlineData("Orleans.Grain", "LogErrorSelectingMigrationDestination")]
    [InlineData("Orleans.Runtime.Scheduler.WorkItemGroup", "LogWarningLongRunningTurn")]
    [InlineData("Orleans.Runtime.GrainDirectory.GrainDirectoryPartition", "LogWarningExpectedValidSnapshot")]
    [InlineData("Orleans.Anything.New", "LogErrorOfANewVersion")]
    [InlineData("Polly", "ExecutionAttempt")]
    public void What_nobody_has_to_act_on_is_left_out(string category, string name)
        => Assert.Empty(Write(category, name, "text", new SiloUnavailableException()));

    [Theory]
    [InlineData("Orleans.Runtime.Watchdog", "LogWarningSiloHeartbeatTimerStalled")]
    [InlineData("Orleans.Runtime.MembershipService.MembershipTableManager", "LogWarningFailedToRefreshMembershipTable")]
    [InlineData("Orleans.Runtime.MembershipService.MembershipAgent", "LogWarningFailedToUpdateTableEntryForThisSilo")]
    [InlineData("Orleans.Runtime.GrainDirectory.GrainDirectoryPartition", "LogErrorIntegrityViolation")]
    public void A_real_warning_of_the_same_categories_stays(string category, string name) => Assert.NotEmpty(Write(category, name, "text"));

    [Fact]
    public void What_a_grain_throws_is_left_to_its_caller_unless_it_is_a_fault_of_the_program()
    {
        Assert.Empty(Write("Orleans.Grain.InvokeException", "LogGrainInvokeException", "text", new StateLostException("restored")));
        Assert.Empty(Write("Orleans.Grain.InvokeException", "LogGrainInvokeException", "text", new SiloUnavailableException()));
        Assert.NotEmpty(Write("Orleans.Grain.InvokeException", "LogGrainInvokeException", "text", new NullReferenceException()));
    }

    [Fact]
    public void Only_a_silo_that_leaves_may_fail_to_say_so()
    {
        Assert.Empty(Status(SiloStatus.Dead));
        Assert.NotEmpty(Status(SiloStatus.Active));

        static string Status(SiloStatus status) => Write(
            "Orleans.Runtime.MembershipService.MembershipTableManager", "LogWarningFailedToUpdateMyStatusDueToFailures", new KeyValuePair<string, object?>[] { new("Status", status) });
    }

    private static string Write<T>(string category, string name, T state, Exception? exception = null)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        new ConsoleLines().Write(new LogEntry<T>(LogLevel.Warning, category, new EventId(1, name), state, exception, (s, _) => $"{s}"), null, writer);
        return writer.ToString();
    }
}
