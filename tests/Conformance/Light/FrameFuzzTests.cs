#if LIGHT_ACTORS
using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using Orleans;
using Orleans.Messaging;
using Orleans.Runtime;
using Orleans.Serialization;

namespace SslOrleans.Conformance.Light;

/// <summary>Peers that greet as they should and then send nonsense.</summary>
[Collection(nameof(SharedCluster))]
public sealed class FrameFuzzTests(SharedCluster cluster)
{
    private static readonly Gen<byte[]> Bytes = Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>());

    // A known kind with a garbage body gets further than garbage does.
    private static readonly Gen<byte[]> Bodies =
        from kind in Gen.Choose(0, 9)
        from rest in Bytes
        select (byte[])[(byte)kind, .. rest];

    private static readonly Gen<byte[]> Malformed = Gen.OneOf(
        Bytes,
        from body in Bodies select Frame(body),
        from body in Bodies from kept in Gen.Choose(1, 8 + body.Length) select Frame(body)[..kept],
        from body in Bodies from length in Gen.Choose(0, int.MaxValue) select Frame(body, (uint)length),
        from body in Bodies from length in Gen.Choose(0, 1 << 20) select Frame(body, uint.MaxValue - (uint)length),
        from body in Bodies from count in Gen.Choose(1, ushort.MaxValue) select Frame(body, attachments: (ushort)count));

    [Theory]
    [InlineData(nameof(PeerKind.Client))]
    [InlineData(nameof(PeerKind.Silo))]
    [InlineData(nameof(PeerKind.Heartbeat))]
    public async Task NonsenseAfterAGreetingHurtsNobodyElse(string peer)
    {
        var kind = Enum.Parse<PeerKind>(peer);
        var port = kind == PeerKind.Client ? cluster.Ports.Gateway : cluster.Ports.Silo;
        var watch = Stopwatch.StartNew();
        var sent = 0;
        foreach (var bytes in Malformed.Sample(150, 60).TakeWhile(_ => watch.Elapsed < TimeSpan.FromSeconds(3)))
        {
            await GreetAndSendAsync(port, kind, bytes, limit: 1 << 20);
            sent++;
        }
        Assert.True(sent > 0);
        await StillServesAsync();
    }

    [Theory]
    [InlineData(0, "first")]
    [InlineData(0, "second")]
    [InlineData(-1, "second")]
    [InlineData(20, "second")]
    public async Task APeerThatCanReceiveNoAnswerHurtsNobodyElse(int limit, string silo)
    {
        var writer = new BufferWriter();
        // On the second silo, the answer comes back over the connection between the silos, which others need.
        ILifeGrain grain;
        do
            grain = cluster.Grains.GetGrain<ILifeGrain>(Guid.NewGuid().ToString());
        while (await grain.Silo() != silo);
        writer.WriteByte((byte)FrameKind.Request);
        writer.WriteVarint(1);
        writer.WriteVarint(10_000);
        writer.WriteVarint(0);
        writer.WriteString(grain.GetGrainId().Type.ToString());
        writer.WriteString(grain.GetPrimaryKeyString());
        writer.WriteFixed8(0xBAD);
        writer.WriteVarint(0);
        await GreetAndSendAsync(cluster.Ports.Gateway, PeerKind.Client, Frame(writer.Body.ToArray()), limit, waits: false);
        var activation = await grain.Activation().WaitAsync(TimeSpan.FromSeconds(10));
        await Task.Delay(100);
        Assert.Equal(activation, await grain.Activation().WaitAsync(TimeSpan.FromSeconds(10)));
        await StillServesAsync();
    }

    private static byte[] Frame(byte[] body, uint? length = null, ushort attachments = 0)
    {
        var frame = new byte[FrameWriter.PrefixSize + body.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, length ?? (uint)body.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(4), attachments);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(6), FrameWriter.Mark);
        body.CopyTo(frame, FrameWriter.PrefixSize);
        return frame;
    }

    private async Task GreetAndSendAsync(int port, PeerKind kind, byte[] bytes, int limit, bool waits = true)
    {
        var writer = new BufferWriter();
        writer.WriteByte((byte)FrameKind.Hello);
        Codecs.For<Hello>().Write(writer, new Hello
        {
            Kind = kind,
            ClusterId = cluster.Ports.ClusterId,
            ServiceId = "conformance",
            Silo = kind == PeerKind.Client ? null : SiloAddress.New(IPAddress.Loopback, 1, SiloAddress.AllocateNewGeneration()),
            ClientId = kind == PeerKind.Client ? $"client-{Guid.NewGuid():N}" : null,
            MaxMessageSize = limit,
        });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await socket.SendAsync(Frame(writer.Body.ToArray()));
        var answer = new byte[64 * 1024];
        var size = await socket.ReceiveAsync(answer).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(size > FrameWriter.PrefixSize && answer[FrameWriter.PrefixSize] == (byte)FrameKind.Welcome, "The greeting is not valid any more.");
        try
        {
            await socket.SendAsync(bytes);
            if (!waits)
            {
                await Task.Delay(50);
                return;
            }
            socket.Shutdown(SocketShutdown.Send);
            // Until the host hangs up, so that it has read everything; a heartbeat port may echo first.
            while (await socket.ReceiveAsync(answer).WaitAsync(TimeSpan.FromSeconds(20)) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // The host may hang up at the first wrong byte.
        }
    }

    private async Task StillServesAsync()
    {
        Assert.Equal(3, await cluster.Grains.GetGrain<IEchoGrain>("still").Add(1, 2).WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(3, await cluster.Second.Grains().GetGrain<IEchoGrain>("still").Add(1, 2).WaitAsync(TimeSpan.FromSeconds(10)));
        var fresh = await Cluster.StartClientAsync(cluster.Ports.ClusterId, cluster.Ports.Gateway);
        Assert.Equal(3, await fresh.Grains().GetGrain<IEchoGrain>("fresh").Add(1, 2));
        await fresh.StopAndDisposeAsync();
    }
}
#endif
