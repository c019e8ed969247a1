using Orleans;
using Orleans.Runtime;

namespace SslOrleans.Conformance;

[Collection(nameof(SharedCluster))]
public sealed class LifecycleTests(SharedCluster cluster)
{
    [Fact]
    public async Task ARaceFromManyClientsActivatesOnce()
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Cluster.StartClientAsync(cluster.Ports.ClusterId, cluster.Ports.Gateway)));
        try
        {
            var factories = clients.Select(client => client.Grains()).Append(cluster.First.Grains()).Append(cluster.Second.Grains()).ToArray();
            for (var round = 0; round < 20; round++)
            {
                var key = Guid.NewGuid().ToString();
                var activations = await Task.WhenAll(
                    factories.SelectMany(grains => Enumerable.Range(0, 5).Select(_ => grains.GetGrain<ILifeGrain>(key).Activation())));
                Assert.Single(activations.Distinct());
                Assert.DoesNotContain(Guid.Empty, activations);
            }
        }
        finally
        {
            foreach (var client in clients)
                await client.StopAndDisposeAsync();
        }
    }

    [Fact]
    public async Task DeactivateOnIdleEndsTheActivationAndTheNextCallBeginsAnother()
    {
        var grain = cluster.Grains.GetGrain<ILifeGrain>(Guid.NewGuid().ToString());
        var first = await grain.Activation();
        await grain.End();
        await Eventually.SucceedsAsync(async () => Assert.NotEqual(first, await grain.Activation()));
        Assert.True(await grain.Deactivations() > 0);
    }

    [Fact]
    public async Task CallsDuringDeactivationAreNotLost()
    {
        var grain = cluster.Grains.GetGrain<ILifeGrain>(Guid.NewGuid().ToString());
        for (var round = 0; round < 20; round++)
        {
            var calls = Enumerable.Range(0, 20).Select(i => i == 10 ? grain.End() : grain.Activation()).ToArray();
            await Task.WhenAll(calls);
        }
    }

    [Fact]
    public async Task IdleActivationsAreCollected()
    {
        var grain = cluster.Grains.GetGrain<IShortLivedGrain>(Guid.NewGuid().ToString());
        var first = await grain.Activation();
        await Task.Delay(300);
        Assert.Equal(first, await grain.Activation());
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.NotEqual(first, await grain.Activation());
    }

    [Fact]
    public async Task AFailedActivationFailsItsCallersAndIsTriedAgain()
    {
        var grain = cluster.Grains.GetGrain<IFailsToActivateGrain>("fails");
        for (var i = 0; i < 3; i++)
        {
            var error = await Assert.ThrowsAsync<NotOursException>(() => grain.Touch());
            Assert.Equal("will not wake up", error.Message);
        }
    }

    [Fact]
    public async Task TimersTickInTurnsUntilDisposed()
    {
        var grain = cluster.Grains.GetGrain<ITimerGrain>(Guid.NewGuid().ToString());
        await grain.Start(10);
        await Eventually.SucceedsAsync(async () => Assert.True(await grain.Ticks() >= 5));
        Assert.False(await grain.Overlapped());
        await grain.Stop();
        await Task.Delay(50);
        var ticks = await grain.Ticks();
        await Task.Delay(150);
        Assert.Equal(ticks, await grain.Ticks());
    }

    [Fact]
    public async Task StatelessWorkersWorkInParallelUpToTheirNumber()
    {
        var grain = cluster.Grains.GetGrain<IStatelessGrain>(0);
        var workers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => grain.Work(100)));
        Assert.InRange(workers.Distinct().Count(), 2, 4);
    }

    [Fact]
    public async Task TheManagementGrainKnowsSilosAndActivations()
    {
        var management = cluster.Grains.GetGrain<IManagementGrain>(0);
        var grain = cluster.Grains.GetGrain<ILifeGrain>(Guid.NewGuid().ToString());
        await grain.Activation();
        var hosts = await management.GetHosts(onlyActive: true);
        Assert.Equal(2, hosts.Count);
        Assert.Contains((await management.GetDetailedHosts(onlyActive: true)).Select(host => host.SiloName), name => name == "second");
        Assert.True(await management.GetTotalActivationCount() > 0);
        var statistics = await management.GetSimpleGrainStatistics();
        Assert.Contains(statistics, each => each.GrainType.Contains(nameof(LifeGrain), StringComparison.Ordinal) && each.ActivationCount > 0);
        var address = await management.GetActivationAddress(grain);
        Assert.Contains(address!, hosts.Keys);
    }
}
