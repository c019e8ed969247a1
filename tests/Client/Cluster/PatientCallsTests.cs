using SslOrleans.Client.Cluster;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Tests.Cluster;

public class PatientCallsTests
{
    private readonly List<string> _said = [];

    [Fact]
    public async Task A_call_that_nobody_answers_in_time_is_made_again_for_as_long_as_the_cluster_is_there()
    {
        var calls = new PatientCalls(_ => Task.FromResult(true), _said.Add) { QuietFor = TimeSpan.Zero, GoneAfter = TimeSpan.Zero };
        var asked = 0;

        var answer = await calls.Ask(() => ++asked < 4 ? throw new TimeoutException("late") : Task.FromResult(asked), default);

        Assert.Equal(4, answer);
        Assert.Equal("the cluster is there, but the run does not answer yet (late); waiting for it", Assert.Single(_said));
    }

    [Fact]
    public async Task A_cluster_of_which_no_silo_can_be_reached_is_given_up_after_a_while()
    {
        var calls = new PatientCalls(_ => Task.FromResult(false), _said.Add) { QuietFor = TimeSpan.Zero, GoneAfter = TimeSpan.FromSeconds(0.5) };

        var error = await Assert.ThrowsAsync<UserErrorException>(() => calls.Ask<int>(() => throw new TimeoutException("late"), default));

        Assert.Contains("sslo resume", error.Message);
        Assert.StartsWith("no silo of the cluster can be reached", Assert.Single(_said));
    }

    [Fact]
    public async Task What_the_grain_itself_refuses_is_not_asked_again()
    {
        var calls = new PatientCalls(_ => Task.FromResult(true), _said.Add);

        await Assert.ThrowsAsync<UserErrorException>(() => calls.Ask<int>(() => throw new UserErrorException("there is no such run"), default));

        Assert.Empty(_said);
    }
}
