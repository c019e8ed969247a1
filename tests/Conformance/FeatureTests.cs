using Orleans;
using Orleans.Storage;

namespace SslOrleans.Conformance;

[Collection(nameof(SharedCluster))]
public sealed class FeatureTests(SharedCluster cluster)
{
    [Fact]
    public async Task StateOutlivesTheActivation()
    {
        var grain = cluster.Grains.GetGrain<ICounterGrain>(Guid.NewGuid().ToString());
        Assert.Equal(0, await grain.Value());
        Assert.Equal(1, await grain.Increment());
        var tag = await grain.ETag();
        Assert.NotNull(tag);
        Assert.Equal(2, await grain.Increment());
        Assert.NotEqual(tag, await grain.ETag());
        await grain.End();
        Assert.Equal(2, await grain.Value());
        await grain.Clear();
        await grain.End();
        Assert.Equal(0, await grain.Value());
    }

    [Fact]
    public async Task AConflictThrowsAndTheNextActivationReadsAnew()
    {
        var grain = cluster.Grains.GetGrain<ICounterGrain>(Guid.NewGuid().ToString());
        await grain.Increment();
        await grain.WriteFromElsewhere();
        await Assert.ThrowsAsync<InconsistentStateException>(() => grain.Increment());
        await Eventually.SucceedsAsync(async () => Assert.Equal(100, await grain.Value()));
        Assert.Equal(101, await grain.Increment());
    }

    [Fact]
    public async Task ObserversAreCalledAndForgotten()
    {
        var subject = cluster.Grains.GetGrain<ISubjectGrain>(Guid.NewGuid().ToString());
        var watchers = new[] { new Watcher(), new Watcher() };
        var references = watchers.Select(watcher => cluster.Grains.CreateObjectReference<IWatcher>(watcher)).ToArray();
        foreach (var reference in references)
            await subject.Subscribe(reference);
        for (var i = 0; i < 50; i++)
            await subject.Notify(i);
        foreach (var watcher in watchers)
            await Eventually.SucceedsAsync(() => watcher.CheckAsync(50));
        Assert.Equal(20, await subject.AskAll(5));
        await subject.Unsubscribe(references[0]);
        Assert.Equal(10, await subject.AskAll(5));
        cluster.Grains.DeleteObjectReference<IWatcher>(references[1]);
        GC.KeepAlive(watchers);
    }

    [Fact]
    public async Task AnObserverOfASiloIsReachedFromTheOther()
    {
        var watcher = new Watcher();
        var reference = cluster.Second.Grains().CreateObjectReference<IWatcher>(watcher);
        for (var i = 0; i < 8; i++)
        {
            var subject = cluster.First.Grains().GetGrain<ISubjectGrain>(Guid.NewGuid().ToString());
            await subject.Subscribe(reference);
            Assert.Equal(14, await subject.AskAll(7));
        }
        GC.KeepAlive(watcher);
    }

    [Fact]
    public async Task ResultsStream()
    {
        var grain = cluster.Grains.GetGrain<IStreamGrain>(Guid.NewGuid().ToString());
        var got = new List<int>();
        await foreach (var number in grain.Count(1000, 0))
            got.Add(number);
        Assert.Equal(Enumerable.Range(0, 1000), got);
        got.Clear();
        await foreach (var number in grain.Count(5, 20))
            got.Add(number);
        Assert.Equal(Enumerable.Range(0, 5), got);
    }

    [Fact]
    public async Task AStreamThatFailsGivesWhatItHadFirst()
    {
        var grain = cluster.Grains.GetGrain<IStreamGrain>(Guid.NewGuid().ToString());
        var got = new List<Point>();
        await Assert.ThrowsAsync<NotOursException>(async () =>
        {
            await foreach (var point in grain.FailAfter(3))
                got.Add(point);
        });
        Assert.Equal([new Point(0, 0), new Point(1, -1), new Point(2, -2)], got);
    }

    [Fact]
    public async Task AStreamThatIsLeftEndsInTheGrain()
    {
        var grain = cluster.Grains.GetGrain<IStreamGrain>(Guid.NewGuid().ToString());
        await foreach (var number in grain.Endless())
        {
            if (number == 10)
                break;
        }
        await Eventually.SucceedsAsync(async () => Assert.Equal(1, await grain.Ended()));
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var number in grain.Endless().WithCancellation(source.Token))
            {
                if (number == 5)
                    await source.CancelAsync();
            }
        });
        await Eventually.SucceedsAsync(async () => Assert.Equal(2, await grain.Ended()));
    }

    [Fact]
    public async Task CancellationReachesTheGrain()
    {
        foreach (var grains in new[] { cluster.Grains, cluster.First.Grains(), cluster.Second.Grains() })
        {
            var grain = grains.GetGrain<ICancelGrain>(Guid.NewGuid().ToString());
            using var source = new CancellationTokenSource();
            var waiting = grain.Wait(source.Token);
            // A call that was cancelled before it began need not begin at all.
            await Eventually.SucceedsAsync(async () => Assert.Equal(1, await grain.Begun()));
            Assert.Equal(0, await grain.Cancelled());
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(10)));
            await Eventually.SucceedsAsync(async () => Assert.Equal(1, await grain.Cancelled()));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => grain.Wait(source.Token));
        }
    }

    [Fact]
    public async Task AnEarlyCancellationIsNeverLost()
    {
        // However early it comes, a call that begins all the same must learn of it.
        var calls = new List<(ICancelGrain Grain, Task Waiting)>();
        for (var i = 0; i < 60; i++)
        {
            using var source = new CancellationTokenSource();
            var grain = cluster.Grains.GetGrain<ICancelGrain>(Guid.NewGuid().ToString());
            calls.Add((grain, grain.Wait(source.Token)));
            for (var pause = 0; pause < i * 20; pause++)
                Thread.SpinWait(50);
            await source.CancelAsync();
        }
        foreach (var (_, waiting) in calls)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(10)));
        await Task.Delay(300);
        foreach (var (grain, _) in calls)
            await Eventually.SucceedsAsync(async () => Assert.Equal(await grain.Begun(), await grain.Cancelled()));
    }

    private sealed class Watcher : IWatcher
    {
        private readonly List<int> _seen = [];

        public Task Saw(int number)
        {
            lock (_seen)
                _seen.Add(number);
            return Task.CompletedTask;
        }

        public Task<int> Ask(int number) => Task.FromResult(2 * number);

        public Task CheckAsync(int count)
        {
            lock (_seen)
                Assert.Equal(Enumerable.Range(0, count), _seen.Order());
            return Task.CompletedTask;
        }
    }
}
