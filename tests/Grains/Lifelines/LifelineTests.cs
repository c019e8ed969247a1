using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;
using SslOrleans.Silo.Lifelines;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Lifelines;

/// <summary>A broken lifeline moves work at once, and never ends a silo that lives.</summary>
public class LifelineTests
{
    private static readonly byte[] s_garbage = [71, 69, 84, 32, 47];

    [Fact]
    public async Task A_worker_whose_lifeline_breaks_while_it_lives_loses_its_micro_batches_and_is_taken_back()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=500");
        await using var cluster = await Cluster.Start(workers: 1);
        using var other = await cluster.AddSilo(new SiloSettings { Name = "other", SlowDown = TimeSpan.FromMilliseconds(30) });
        await cluster.InPool("other");
        var broken = false;
        var (status, events) = await cluster.Train("run", recipe, SmallRuns.Images, onEvent: e =>
        {
            if (e is { Kind: RunEventKind.Joined, Worker: "other/0" } && !broken)
            {
                broken = true;
                other.Services.GetRequiredService<LifelineListener>().Dispose();
            }
            else if (e is { Kind: RunEventKind.Joined, Worker: "other/0" })
            {
                return cluster.Grains.GetGrain<ITrainingRunGrain>("run").Stop();
            }

            return Task.CompletedTask;
        });
        Assert.Equal(RunPhase.Stopped, status.Phase);
        var lost = Assert.Single(events, e => e.Kind == RunEventKind.Killed);
        Assert.Contains("the connection to its silo broke", lost.Text, StringComparison.Ordinal);
        Assert.Contains(events, e => e is { Kind: RunEventKind.Joined, Worker: "other/0" } && e.Sequence > lost.Sequence);
        Assert.Equal(SiloStatus.Active, other.Services.GetRequiredService<ISiloStatusOracle>().CurrentStatus);
        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var alone = new LocalTrainer(recipe, data);
        while (alone.Step < status.Step)
            alone.RunStep();
        Assert.Equal(alone.WeightsHash, status.WeightsHash);
        await other.StopAsync();
    }

    [Fact]
    public async Task Who_says_something_on_a_lifeline_is_cut_off_and_nobody_else()
    {
        using var listener = LifelineListener.Open(IPAddress.Loopback, 0);
        using var line = await Connect(listener.Port);
        using var stranger = await Connect(listener.Port);
        await stranger.SendAsync(s_garbage);
        Assert.Equal(0, await Received(stranger));
        Assert.True(line.Poll(0, SelectMode.SelectWrite));
        Assert.False(line.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectRead));
        listener.Dispose();
        Assert.Equal(0, await Received(line));
    }

    [Fact]
    public void A_port_that_is_taken_is_named()
    {
        using var listener = LifelineListener.Open(IPAddress.Loopback, 0);
        var refused = Assert.Throws<Contracts.UserErrorException>(() => LifelineListener.Open(IPAddress.Loopback, listener.Port));
        Assert.Contains($"--lifeline {listener.Port}", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<Socket> Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }

    /// <summary>0 when the other side has ended the connection, gently or not.</summary>
    private static async Task<int> Received(Socket socket)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            return await socket.ReceiveAsync(new byte[1], limit.Token);
        }
        catch (SocketException)
        {
            return 0;
        }
    }
}
