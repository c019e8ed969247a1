using SslOrleans.Client.Cluster;
using SslOrleans.Contracts;
using SslOrleans.Silo;

namespace SslOrleans.Client.Tests.Cluster;

public class SiloOptionTests
{
    [Theory]
    [InlineData("--join is \"nowhere\", and there is no such folder; name the runs folder of a cluster on this machine, or write HOST:PORT", "--join", "nowhere")]
    [InlineData("--join is \"10.0.0.4\", and there is no such folder", "--join", "10.0.0.4")]
    [InlineData("--join 127.0.0.1:11111 is of this machine, whose silos find each other by their runs folder: --join FOLDER", "--join", "127.0.0.1:11111")]
    [InlineData("--join is \"127.0.0.1:none\"; write it as HOST:PORT", "--join", "127.0.0.1:none")]
    [InlineData("--join is \"10.0.0.4:0\"", "--primary", "10.0.0.4:0")]
    [InlineData("\"no.such.host.invalid\" is not known here", "--join", "no.such.host.invalid:11111")]
    [InlineData("--membership is \"redis\"; use folder, primary or azure", "--membership", "redis")]
    [InlineData("--membership azure finds every silo in the account's tables; leave out --join", "--membership", "azure", "--join", "127.0.0.1:11111")]
    [InlineData("--membership azure finds every silo in the account's tables; leave out --join", "--membership", "azure", "--join", "/tmp")]
    [InlineData("--membership folder, and --join 10.0.0.4:11111 is no folder", "--membership", "folder", "--join", "10.0.0.4:11111")]
    [InlineData("--membership primary, and --join /tmp is a folder", "--membership", "primary", "--join", "/tmp")]
    [InlineData("--advertise 192.0.2.1 is for silos of several machines", "--membership", "folder", "--advertise", "192.0.2.1")]
    [InlineData("--roles has \"wroker\"; name parameters, standby or worker", "--roles", "parameters,wroker")]
    [InlineData("--probe is 0; give 0.1 to 60 seconds", "--probe", "0")]
    [InlineData("--drain is -1", "--drain", "-1")]
    [InlineData("--preemption is \"soon\"", "--preemption", "soon")]
    [InlineData("AZURE_STORAGE_CONNECTION_STRING is not set", "--membership", "azure")]
    [InlineData("--certificate mine.pfx", "--certificate", "mine.pfx")]
    [InlineData("cannot be used on 192.0.2.1", "--advertise", "192.0.2.1")]
    [InlineData("cannot be used on 192.0.2.1", "--advertise", "192.0.2.1:11111")]
    [InlineData("--advertise is \"127.0.0.1:none\"; write it as HOST:PORT", "--advertise", "127.0.0.1:none")]
    public async Task A_senseless_silo_is_refused_in_one_line(string expected, params string[] args)
    {
        using var folder = new TestFolder();

        string[] roles = args.Contains("--roles") ? [] : ["--roles", "parameters"];
        var call = await Invocation.Of(["silo", .. roles, "--runs", folder.In("runs"), .. args]);

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine);
    }

    [Fact]
    public void A_host_may_be_a_name() => Assert.Equal("127.0.0.1:30000", HostAndPort.Parse("localhost:30000", "--join").ToString());

    [Fact]
    public void The_gateway_variable_names_a_silo_or_the_account()
    {
        var silo = Gateway.Parse("127.0.0.1:30000", "mine", null);
        Assert.Equal(("127.0.0.1:30000", "mine", false), (silo.EndPoint!.ToString(), silo.ClusterId, silo.Cluster.Membership == MembershipKind.AzureTables));
        var account = Gateway.Parse("azure", null, "mine.pfx");
        Assert.Null(account.EndPoint);
        Assert.Equal(("sslorleans", true, "mine.pfx"), (account.ClusterId, account.Cluster.Membership == MembershipKind.AzureTables, account.Cluster.Certificate));
        Assert.Throws<UserErrorException>(() => Gateway.Parse("somewhere", null, null));
    }
}
