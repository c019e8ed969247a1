using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using Orleans;

namespace SslOrleans.Conformance;

[Collection(nameof(SharedCluster))]
public sealed class BadInputTests(SharedCluster cluster)
{
    [Fact]
    public async Task AClientOfAnotherClusterIsRefused()
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(
            () => Cluster.StartClientAsync("another-cluster", cluster.Ports.Gateway).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.NotNull(error);
        await StillServesAsync();
    }

    [Fact]
    public async Task GarbageOnThePortsHurtsNobody()
    {
        var inputs = Gen.Sample(Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>()), 200, 40).ToList();
        inputs.Add([0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF]);
        inputs.Add([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0x15, 0x05]);
        inputs.Add([100, 0, 0, 0, 0, 0, 0x15, 0x05, 1, 2, 3]);
        inputs.Add("GET / HTTP/1.1\r\nHost: here\r\n\r\n"u8.ToArray());
        foreach (var port in new[] { cluster.Ports.Gateway, cluster.Ports.Silo })
        {
            foreach (var input in inputs)
                await SendAsync(port, input);
        }
        await StillServesAsync();
    }

    private static async Task SendAsync(int port, byte[] bytes)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        try
        {
            await socket.SendAsync(bytes);
        }
        catch (SocketException)
        {
            // The host may hang up at the first wrong byte.
        }
    }

    private async Task StillServesAsync()
    {
        Assert.Equal(3, await cluster.Grains.GetGrain<IEchoGrain>("still").Add(1, 2));
        var fresh = await Cluster.StartClientAsync(cluster.Ports.ClusterId, cluster.Ports.Gateway);
        Assert.Equal(3, await fresh.Grains().GetGrain<IEchoGrain>("still").Add(1, 2));
        await fresh.StopAndDisposeAsync();
    }
}
