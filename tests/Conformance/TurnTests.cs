using System.Diagnostics;
using Orleans;

namespace SslOrleans.Conformance;

[Collection(nameof(SharedCluster))]
public sealed class TurnTests(SharedCluster cluster)
{
    private ITurnGrain NewGrain() => cluster.Grains.GetGrain<ITurnGrain>(Guid.NewGuid().ToString());

    private IReentrantTurnGrain NewReentrantGrain() => cluster.Grains.GetGrain<IReentrantTurnGrain>(Guid.NewGuid().ToString());

    [Fact]
    public async Task RequestsDoNotInterleave()
    {
        var grain = NewGrain();
        var most = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => grain.Step(2)));
        Assert.All(most, inside => Assert.Equal(1, inside));
        Assert.Equal(20, await grain.Count());
    }

    [Fact]
    public async Task ReentrantRequestsInterleave()
    {
        var grain = NewReentrantGrain();
        var most = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => grain.Step(100)));
        Assert.InRange(most.Max(), 2, 20);
    }

    [Fact]
    public async Task AlwaysInterleaveOvertakes()
    {
        var grain = NewGrain();
        var slow = grain.Step(1000);
        var watch = Stopwatch.StartNew();
        await grain.CountNow();
        Assert.False(slow.IsCompleted);
        Assert.True(watch.ElapsedMilliseconds < 900);
        await slow;
    }

    [Fact]
    public async Task ReadersShareAndWritersDoNot()
    {
        var grain = NewGrain();
        var readers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => grain.ReadSlowly(150)));
        Assert.InRange(readers.Max(), 2, 8);
        var more = Enumerable.Range(0, 4).Select(_ => grain.ReadSlowly(50)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => grain.Step(20)));
        await Task.WhenAll(more);
        Assert.Equal(0, await grain.ReadersMet());
    }

    [Fact]
    public async Task OneWayDoesNotWait()
    {
        var grain = NewGrain();
        await grain.Count();
        var watch = Stopwatch.StartNew();
        await grain.Forget(400);
        Assert.True(watch.ElapsedMilliseconds < 350);
        await Eventually.SucceedsAsync(async () => Assert.Equal(1, await grain.Count()));
    }

    [Fact]
    public async Task ResponseTimeoutIsTheMethods()
    {
        var grain = NewGrain();
        await grain.Impatient(1);
        var watch = Stopwatch.StartNew();
        await Assert.ThrowsAsync<TimeoutException>(() => grain.Impatient(3000));
        Assert.InRange(watch.ElapsedMilliseconds, 250, 2500);
    }

    [Fact]
    public async Task ADeadlockIsATimeout()
    {
        var one = cluster.Grains.GetGrain<IDeadlockGrain>("one" + Guid.NewGuid());
        Assert.Equal("timeout", await one.Ask("two" + Guid.NewGuid()));
    }

    [Fact]
    public async Task TurnsStayOnTheGrainsScheduler()
    {
        Assert.True(await NewGrain().StaysOnScheduler());
        Assert.Equal(1, await NewGrain().ForkAndJoin(8));
    }
}
