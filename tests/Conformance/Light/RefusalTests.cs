#if LIGHT_ACTORS
using System.Net;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans;
using Orleans.Runtime;

namespace SslOrleans.Conformance.Light;

/// <summary>What the embedded host says to those whom it refuses, and that it goes on serving the others.</summary>
[Collection(nameof(SharedCluster))]
public sealed class RefusalTests(SharedCluster cluster)
{
    // A documentation address (RFC 5737): nothing ever answers there.
    private static readonly IPAddress Elsewhere = IPAddress.Parse("192.0.2.1");

    public static TheoryData<string, Action<EndpointOptions>> Endpoints => new()
    {
        { "192.0.2.1", options => options.AdvertisedIPAddress = Elsewhere },
        { "0.0.0.0", options => options.SiloListeningEndpoint = new IPEndPoint(IPAddress.Any, options.SiloPort) },
        { "0.0.0.0", options => options.GatewayListeningEndpoint = new IPEndPoint(IPAddress.Any, options.GatewayPort) },
    };

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task ASiloOutsideLoopbackIsToldOfTheClusterProfile(string address, Action<EndpointOptions> ask)
    {
        using var host = Cluster.BuildSilo(SiloPorts.NewPrimary(), "outside", more: silo => silo.Configure(ask));
        var error = await Assert.ThrowsAsync<OrleansConfigurationException>(() => host.StartAsync());
        AssertOneLine(error, address, "-p:Profile=cluster");
    }

    [Fact]
    public async Task ASiloWhosePrimaryIsElsewhereIsToldOfTheClusterProfile()
    {
        using var host = Cluster.BuildSilo(SiloPorts.NewPrimary(), "outside", more: silo =>
            silo.UseDevelopmentClustering(new IPEndPoint(Elsewhere, 11111)));
        var error = await Assert.ThrowsAsync<OrleansConfigurationException>(() => host.StartAsync().WaitAsync(TimeSpan.FromSeconds(20)));
        AssertOneLine(error, "192.0.2.1", "-p:Profile=cluster");
    }

    [Fact]
    public async Task AClientOfAGatewayElsewhereIsToldOfTheClusterProfile()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.UseOrleansClient(client => client.UseStaticClustering(new IPEndPoint(Elsewhere, 30000)));
        using var host = builder.Build();
        var error = await Assert.ThrowsAsync<OrleansConfigurationException>(() => host.StartAsync().WaitAsync(TimeSpan.FromSeconds(20)));
        AssertOneLine(error, "192.0.2.1", "-p:Profile=cluster");
    }

    [Fact]
    public async Task ASecondPrimaryIsToldOfTheUsedPort()
    {
        using var host = Cluster.BuildSilo(cluster.Ports, "second primary");
        var error = await Assert.ThrowsAsync<OrleansConfigurationException>(() => host.StartAsync());
        AssertOneLine(error, "SiloPort", $"{cluster.Ports.Silo}", "Choose another port");
        await StillServesAsync();
    }

    [Fact]
    public async Task AClientOfAnotherClusterIsToldBothNames()
    {
        var error = await Assert.ThrowsAsync<OrleansConfigurationException>(
            () => Cluster.StartClientAsync("another-cluster", cluster.Ports.Gateway).WaitAsync(TimeSpan.FromSeconds(20)));
        AssertOneLine(error, "another-cluster", cluster.Ports.ClusterId, "ClusterOptions.ClusterId");
        await StillServesAsync();
    }

    [Fact]
    public async Task AMessageOverTheLimitFailsAlone()
    {
        var grain = cluster.Grains.GetGrain<IEchoGrain>("over the limit");
        var error = await Assert.ThrowsAsync<OrleansMessageRejectionException>(() => grain.Measure(new byte[101 * 1024 * 1024]).WaitAsync(TimeSpan.FromSeconds(10)));
        AssertOneLine(error, "MaxMessageBodySize", "104857600");
        Assert.Equal(5, await grain.Add(2, 3).WaitAsync(TimeSpan.FromSeconds(5)));
    }

    private static void AssertOneLine(Exception error, params string[] parts)
    {
        Assert.DoesNotContain('\n', error.Message);
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    private async Task StillServesAsync() => Assert.Equal(3, await cluster.Grains.GetGrain<IEchoGrain>("still").Add(1, 2));
}
#endif
