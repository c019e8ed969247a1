using SslOrleans.Client.Cluster;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Tests.Cluster;

public class SiloOptionTests
{
    [Theory]
    [InlineData("--join is \"nowhere\"; write it as HOST:PORT", "--join", "nowhere")]
    [InlineData("--join is \"10.0.0.4\"; write it as HOST:PORT", "--join", "10.0.0.4")]
    [InlineData("--join is \"10.0.0.4:0\"", "--primary", "10.0.0.4:0")]
    [InlineData("\"no.such.host.invalid\" is not known here", "--join", "no.such.host.invalid:11111")]
    [InlineData("--membership is \"redis\"; use primary or azure", "--membership", "redis")]
    [InlineData("--membership azure has no primary", "--membership", "azure", "--join", "127.0.0.1:11111")]
    [InlineData("--probe is 0; give 0.1 to 60 seconds", "--probe", "0")]
    [InlineData("--drain is -1", "--drain", "-1")]
    [InlineData("--preemption is \"soon\"", "--preemption", "soon")]
    [InlineData("SSLO_PROFILE=cluster", "--membership", "azure")]
    [InlineData("SSLO_PROFILE=cluster", "--certificate", "mine.pfx")]
    [InlineData("-p:Profile=cluster", "--advertise", "192.0.2.1")]
    [InlineData("-p:Profile=cluster", "--advertise", "192.0.2.1:11111")]
    [InlineData("--advertise is \"127.0.0.1:none\"; write it as HOST:PORT", "--advertise", "127.0.0.1:none")]
    public async Task A_senseless_silo_is_refused_in_one_line(string expected, params string[] args)
    {
        using var folder = new TestFolder();

        var call = await Invocation.Of(["silo", "--roles", "parameters", "--runs", folder.In("runs"), .. args]);

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine);
    }

    [Fact]
    public void A_host_may_be_a_name() => Assert.Equal("127.0.0.1:30000", HostAndPort.Parse("localhost:30000", "--join").ToString());

    [Fact]
    public void The_gateway_variable_names_a_silo_or_the_account()
    {
        var silo = Gateway.Parse("127.0.0.1:30000", "mine", null);
        Assert.Equal(("127.0.0.1:30000", "mine", false), (silo.EndPoint!.ToString(), silo.Primary.ClusterId, silo.Cluster.InAzureTables));
        var account = Gateway.Parse("azure", null, "mine.pfx");
        Assert.Null(account.EndPoint);
        Assert.Equal(("sslorleans", true, "mine.pfx"), (account.Primary.ClusterId, account.Cluster.InAzureTables, account.Cluster.Certificate));
        Assert.Throws<UserErrorException>(() => Gateway.Parse("somewhere", null, null));
    }
}
