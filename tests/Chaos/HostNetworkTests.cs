using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using SslOrleans.Client.Chaos;

namespace SslOrleans.Tests.Chaos;

/// <summary>Every fault does to two hosts what its name says, and its end undoes it.</summary>
public sealed class HostNetworkTests
{
    private const int Port = 4000;

    [Theory]
    [InlineData(NetworkFault.Late)]
    [InlineData(NetworkFault.Disordered)]
    [InlineData(NetworkFault.Cut)]
    [InlineData(NetworkFault.Mute)]
    [InlineData(NetworkFault.Deaf)]
    [InlineData(NetworkFault.Lossy)]
    [InlineData(NetworkFault.Narrow)]
    public async Task A_fault_begins_and_ends(NetworkFault fault)
    {
        Assert.SkipWhen(HostNetwork.Obstacle() is not null, $"chaos --hosts: {HostNetwork.Obstacle()}");
        using var network = HostNetwork.Create(2);
        using var listener = NetworkSpace.Within(network.On(1)[^1], () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(HostNetwork.Address(1), Port));
        listener.Listen();
        using var near = NetworkSpace.Within(network.On(0)[^1], () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        await near.ConnectAsync(new IPEndPoint(HostNetwork.Address(1), Port));
        using var far = await listener.AcceptAsync();
        far.NoDelay = true;
        Assert.InRange((await Shortest(near, far)).TotalMilliseconds, 0, 90);

        network.Begin(1, fault);
        switch (fault)
        {
            case NetworkFault.Late:
                Assert.InRange((await Shortest(near, far)).TotalMilliseconds, 200, 2000);
                break;
            case NetworkFault.Cut or NetworkFault.Mute or NetworkFault.Deaf:
                await Assert.ThrowsAsync<TimeoutException>(() => RoundTrip(near, far).WaitAsync(TimeSpan.FromSeconds(0.5)));
                break;
            case NetworkFault.Narrow:
                // 20 Mbit/s towards the host, of which 64 KiB and what TCP has on its way come at once.
                Assert.InRange((await Transfer(near, far, 3 << 20)).TotalSeconds, 0.8, 10);
                break;
            default:
                await Transfer(near, far, 3 << 20);
                await Transfer(far, near, 1 << 20);
                break;
        }

        network.End(1, fault);
        if (fault is NetworkFault.Cut or NetworkFault.Mute or NetworkFault.Deaf)
            return;
        await Transfer(near, far, 3 << 20);
        Assert.InRange((await Shortest(near, far)).TotalMilliseconds, 0, 90);
    }

    /// <summary>The shortest of several: a machine that does something else makes some longer, and none shorter.</summary>
    private static async Task<TimeSpan> Shortest(Socket near, Socket far)
    {
        var least = TimeSpan.MaxValue;
        for (var i = 0; i < 5; i++)
            least = await RoundTrip(near, far) is var trip && trip < least ? trip : least;
        return least;
    }

    private static async Task<TimeSpan> RoundTrip(Socket near, Socket far)
    {
        var clock = Stopwatch.StartNew();
        var buffer = new byte[1];
        await near.SendAsync(new byte[] { 1 });
        Assert.Equal(1, await far.ReceiveAsync(buffer));
        await far.SendAsync(buffer);
        Assert.Equal(1, await near.ReceiveAsync(buffer));
        return clock.Elapsed;
    }

    /// <summary>Whatever the network does to packets, TCP brings the bytes whole and in order.</summary>
    private static async Task<TimeSpan> Transfer(Socket from, Socket to, int length)
    {
        var clock = Stopwatch.StartNew();
        var (sent, received) = (RandomNumberGenerator.GetBytes(length), new byte[length]);
        var sending = Task.Run(async () =>
        {
            for (var at = 0; at < length;)
                at += await from.SendAsync(sent.AsMemory(at));
        });
        for (var at = 0; at < length;)
            at += await to.ReceiveAsync(received.AsMemory(at)).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        await sending;
        Assert.True(sent.AsSpan().SequenceEqual(received));
        return clock.Elapsed;
    }
}
