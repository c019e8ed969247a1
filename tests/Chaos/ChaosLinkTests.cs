using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using SslOrleans.Client.Chaos;

namespace SslOrleans.Tests.Chaos;

/// <summary>A cut network holds what is sent; its end delivers all of it, or breaks what was cut.</summary>
public sealed class ChaosLinkTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_silence = TimeSpan.FromMilliseconds(200);

    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly ChaosLink _link;

    public ChaosLinkTests()
    {
        _server.Start();
        _link = new ChaosLink(((IPEndPoint)_server.LocalEndpoint).Port);
    }

    public void Dispose()
    {
        _link.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task WhatIsSentWhileItIsCutArrivesLateWholeAndInOrder()
    {
        using var near = await Connect();
        using var far = await _server.AcceptTcpClientAsync();
        await Exchange(near, far);

        _link.Cut();
        var (there, back) = (RandomNumberGenerator.GetBytes(3 << 20), RandomNumberGenerator.GetBytes(1 << 20));
        var sending = Task.WhenAll(near.GetStream().WriteAsync(there).AsTask(), far.GetStream().WriteAsync(back).AsTask());
        Assert.True(await IsSilent(far), "bytes got through a cut");
        Assert.True(await IsSilent(near), "bytes got through a cut, backwards");

        _link.Heal(deliver: true);
        var (forward, backward) = (Receive(far, there.Length), Receive(near, back.Length));
        Assert.Equal(there, await forward);
        Assert.Equal(back, await backward);
        await sending;
        await Exchange(near, far);
    }

    [Fact]
    public async Task ACutThatBreaksLosesWhatWasSentAndClosesBothEnds()
    {
        using var near = await Connect();
        using var far = await _server.AcceptTcpClientAsync();
        await Exchange(near, far);

        _link.Cut();
        await near.GetStream().WriteAsync(new byte[1000]);
        Assert.True(await IsSilent(far));
        _link.Heal(deliver: false);
        Assert.Equal(0, await End(far));
        Assert.Equal(0, await End(near));
        Assert.Equal(0, _link.Connections);

        // The network is whole again for those who connect anew.
        using var again = await Connect();
        using var farAgain = await _server.AcceptTcpClientAsync();
        await Exchange(again, farAgain);
    }

    [Fact]
    public async Task WhoConnectsDuringACutGetsThroughWhenItEnds()
    {
        _link.Cut();
        using var near = await Connect();
        await near.GetStream().WriteAsync("hello"u8.ToArray());
        await Task.Delay(s_silence);
        Assert.False(_server.Pending());
        _link.Heal(deliver: true);
        using var far = await _server.AcceptTcpClientAsync().WaitAsync(s_patience);
        Assert.Equal("hello"u8.ToArray(), await Receive(far, 5));
    }

    /// <summary>That a process has ended is news too, and does not get through either.</summary>
    [Fact]
    public async Task AnEndIsHeardAfterTheCutAndNothingIsLeftOpen()
    {
        var near = await Connect();
        using var far = await _server.AcceptTcpClientAsync();
        await Exchange(near, far);
        _link.Cut();
        near.Dispose();
        Assert.True(await IsSilent(far), "the end got through a cut");
        _link.Heal(deliver: true);
        Assert.Equal(0, await End(far));
        far.Dispose();
        for (var clock = Stopwatch.StartNew(); _link.Connections > 0 && clock.Elapsed < s_patience;)
            await Task.Delay(10);
        Assert.Equal(0, _link.Connections);
    }

    [Fact]
    public async Task WhoeverNobodyListensForIsTurnedAway()
    {
        _server.Stop();
        using var near = await Connect();
        Assert.Equal(0, await End(near));
    }

    private async Task<TcpClient> Connect()
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, _link.Port);
        return client;
    }

    private static async Task Exchange(TcpClient one, TcpClient other)
    {
        await one.GetStream().WriteAsync(new byte[] { 1, 2, 3 });
        Assert.Equal([1, 2, 3], await Receive(other, 3));
        await other.GetStream().WriteAsync(new byte[] { 4, 5 });
        Assert.Equal([4, 5], await Receive(one, 2));
    }

    private static async Task<byte[]> Receive(TcpClient client, int count)
    {
        var bytes = new byte[count];
        using var patience = new CancellationTokenSource(s_patience);
        await client.GetStream().ReadExactlyAsync(bytes, patience.Token);
        return bytes;
    }

    /// <summary>Nothing can be read, neither bytes nor an end.</summary>
    private static async Task<bool> IsSilent(TcpClient client)
    {
        await Task.Delay(s_silence);
        return !client.Client.Poll(0, SelectMode.SelectRead);
    }

    /// <summary>Bytes that arrive before the connection ends, whether in order or not.</summary>
    private static async Task<int> End(TcpClient client)
    {
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            return await client.GetStream().ReadAsync(new byte[1], patience.Token);
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            return 0;
        }
    }
}
