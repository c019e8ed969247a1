using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Runtime;

namespace SslOrleans.Conformance;

/// <summary>Silos in processes of their own, which are really killed, stopped and ended.</summary>
public sealed class ProcessTests : IAsyncLifetime
{
    private readonly SiloPorts _ports = SiloPorts.NewPrimary();
    private IHost _primary = null!;
    private IHost _client = null!;

    public async Task InitializeAsync()
    {
        _primary = await Cluster.StartSiloAsync(_ports, "primary", new() { ["role"] = "parameters" });
        _client = await Cluster.StartClientAsync(_ports.ClusterId, _ports.Gateway);
    }

    public async Task DisposeAsync()
    {
        await _client.StopAndDisposeAsync();
        await _primary.StopAndDisposeAsync();
    }

    [Fact]
    public async Task AKilledSilosCallsFailAndItsGrainsWakeUpElsewhere()
    {
        using var child = await ChildSilo.StartAsync(_ports.Another(), "child");
        await LosesAsync(child.Kill);
    }

    [Fact]
    public async Task AHungSilosCallsFailAndItsGrainsWakeUpElsewhere()
    {
        using var child = await ChildSilo.StartAsync(_ports.Another(), "child");
        await LosesAsync(child.Hang);
        child.Continue();
        // It was declared dead, so it must not go on.
        await child.ExitedAsync();
    }

    [Fact]
    public async Task ASiloThatEndsGracefullyLosesNoCall()
    {
        using var child = await ChildSilo.StartAsync(_ports.Another(), "child");
        await UsedAsync("child");
        var grains = Enumerable.Range(0, 40).Select(i => _client.Grains().GetGrain<ILifeGrain>($"graceful{i}")).ToArray();
        Assert.Contains("child", await Task.WhenAll(grains.Select(grain => grain.Silo())));
        using var stop = new CancellationTokenSource();
        var callers = grains.Select(grain => CallUntilAsync(grain, stop.Token)).ToArray();
        await Task.Delay(300);
        await child.EndAsync();
        await Task.Delay(300);
        await stop.CancelAsync();
        var calls = await Task.WhenAll(callers);
        Assert.True(calls.Sum() > 200, $"{calls.Sum()} calls");
        Assert.All(await Task.WhenAll(grains.Select(grain => grain.Silo())), name => Assert.Equal("primary", name));
    }

    [Fact]
    public async Task SilosComeAndGoWhileClientsCall()
    {
        for (var round = 0; round < 2; round++)
        {
            using var child = await ChildSilo.StartAsync(_ports.Another(), $"child{round}");
            await UsedAsync($"child{round}");
            child.Kill();
            await Eventually.SucceedsAsync(async () =>
            {
                var calls = Enumerable.Range(0, 30).Select(_ => _client.Grains().GetGrain<ILifeGrain>(Guid.NewGuid().ToString()).Silo());
                var names = await Task.WhenAll(calls).WaitAsync(TimeSpan.FromSeconds(5));
                Assert.All(names, name => Assert.Equal("primary", name));
            }, 30);
        }
    }

    [Fact]
    public async Task AClientFindsAnotherGateway()
    {
        using var child = await ChildSilo.StartAsync(_ports.Another(), "child");
        var client = await Cluster.StartClientAsync(_ports.ClusterId, child.Ports.Gateway, _ports.Gateway);
        var grain = client.Grains().GetGrain<IEchoGrain>("gateway");
        Assert.Equal(3, await grain.Add(1, 2));
        child.Kill();
        await Eventually.SucceedsAsync(async () => Assert.Equal(3, await grain.Add(1, 2).WaitAsync(TimeSpan.FromSeconds(3))), 30);
        await client.StopAndDisposeAsync();
    }

    private static async Task<int> CallUntilAsync(ILifeGrain grain, CancellationToken stop)
    {
        var calls = 0;
        while (!stop.IsCancellationRequested)
        {
            await grain.Work(5);
            calls++;
        }
        return calls;
    }

    /// <summary>Waits until new grains are placed on a silo that has just joined.</summary>
    private Task UsedAsync(string silo) => Eventually.SucceedsAsync(async () =>
    {
        var names = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => _client.Grains().GetGrain<ILifeGrain>(Guid.NewGuid().ToString()).Silo()));
        Assert.Contains(silo, names);
    });

    private async Task LosesAsync(Action lose)
    {
        var onChild = new List<ILifeGrain>();
        for (var i = 0; onChild.Count < 5; i++)
        {
            var grain = _client.Grains().GetGrain<ILifeGrain>($"lost{i}-{Guid.NewGuid()}");
            if (await grain.Silo() == "child")
                onChild.Add(grain);
        }
        // From the primary's side too: a client and a silo wait for the same process.
        var local = _primary.Grains().GetGrain<ILifeGrain>(onChild[0].GetPrimaryKeyString());
        var fromClient = onChild.Select(grain => grain.Work(60_000)).ToArray();
        var fromSilo = local.Work(60_000);
        await Task.Delay(200);
        var watch = Stopwatch.StartNew();
        lose();
        await Assert.ThrowsAnyAsync<OrleansException>(() => fromSilo.WaitAsync(TimeSpan.FromSeconds(20)));
        foreach (var grain in onChild)
            await Eventually.SucceedsAsync(async () => Assert.Equal("primary", await grain.Silo().WaitAsync(TimeSpan.FromSeconds(2))), 30);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30));
        // A client of Orleans does not learn which silo its gateway sent a call to, so it may wait for the whole response timeout.
        foreach (var call in fromClient)
        {
            var error = await Assert.ThrowsAnyAsync<Exception>(() => call.WaitAsync(TimeSpan.FromSeconds(60)));
            Assert.True(error is OrleansException or TimeoutException, error.ToString());
        }
    }
}
