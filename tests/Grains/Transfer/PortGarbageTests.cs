using System.Net;
using System.Net.Sockets;
using SslOrleans.Contracts.Messages;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Transfer;

/// <summary>Strangers who say something on the ports of a silo end their own connection and nothing else.</summary>
public class PortGarbageTests
{
    [Theory]
    [InlineData(40)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public async Task ARunGoesOnToTheSameBitsUnderGarbage(int connections)
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=6");
        string undisturbed;
        await using (var quiet = await Cluster.Start(workers: 1))
            undisturbed = (await quiet.Train("run", recipe, SmallRuns.Images)).Status.WeightsHash;
        await using var cluster = await Cluster.Start(workers: 1);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        foreach (var port in new[] { cluster.Settings.SiloPort, cluster.Settings.GatewayPort })
        {
            for (var i = 0; i < connections / 2; i++)
                await Say(port, Garbage(new Random(i)));
        }

        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < Fuzz.Bound, "garbage on the ports took memory and kept it");
        var (status, _) = await cluster.Train("run", recipe, SmallRuns.Images);
        Assert.Equal((RunPhase.Completed, undisturbed), (status.Phase, status.WeightsHash));
    }

    /// <summary>Bytes of no meaning, or the frame of a message that claims to be of any length.</summary>
    private static byte[] Garbage(Random random)
    {
        var bytes = new byte[random.Next(1, 4000)];
        random.NextBytes(bytes);
        if (random.Next(3) == 0 && bytes.Length >= 8)
            new[] { BitConverter.GetBytes(random.Next()), BitConverter.GetBytes(random.Next(2) == 0 ? int.MaxValue : -1) }.SelectMany(b => b).ToArray().CopyTo(bytes, 0);
        return bytes;
    }

    private static async Task Say(int port, byte[] bytes)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            await socket.SendAsync(bytes);
            socket.Shutdown(SocketShutdown.Send);

            // Until the other side has read it and ends, or has nothing to say to it.
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(0.2));
            while (await socket.ReceiveAsync(new byte[256], patience.Token) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
        }
    }
}
