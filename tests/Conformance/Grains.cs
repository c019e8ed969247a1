using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Utilities;

namespace SslOrleans.Conformance;

public sealed class EchoGrain(ILocalSiloDetails silo) : Grain, IEchoGrain
{
    public Task<int> Add(int a, int b) => Task.FromResult(a + b);

    public Task<Everything> Echo(Everything value) => Task.FromResult(value);

    public Task<Immutable<byte[]>> EchoBytes(Immutable<byte[]> bytes) => Task.FromResult(bytes);

    public Task<int> Measure(byte[] bytes) => Task.FromResult(bytes.Length);

    public Task<byte[]> Fill(int size) => Task.FromResult(new byte[size]);

    public Task Fail(string message) => throw new ArgumentException(message);

    public Task FailWithForeign(string message) => throw new Foreign.ForeignException(message);

    public Task FailWithAliased(string message) => throw new AliasedException(message);

    public async Task FailWithOwn(string message)
    {
        await Task.Yield();
        throw new NotOursException(message);
    }

    public ValueTask<string?> WhereAmI() => new(silo.Name);

    public Task<string?> ReadContext(string key) => Task.FromResult(RequestContext.Get(key) as string);

    public Task<string?> ReadContextOfNeighbour(string key) =>
        GrainFactory.GetGrain<IEchoGrain>(this.GetPrimaryKeyString() + "-neighbour").ReadContext(key);

    public Task Mutate(List<int> values)
    {
        values.Clear();
        return Task.CompletedTask;
    }

    public Task<bool> IsSame(Immutable<byte[]> bytes, int hash) => Task.FromResult(RuntimeHelpers.GetHashCode(bytes.Value) == hash);
}

public sealed class GuidGrain : Grain, IGuidGrain
{
    public Task<Guid> Key() => Task.FromResult(this.GetPrimaryKey());
}

public sealed class IntegerGrain : Grain, IIntegerGrain
{
    public Task<long> Key() => Task.FromResult(this.GetPrimaryKeyLong());

    public Task<IIntegerGrain> Next() => Task.FromResult(GrainFactory.GetGrain<IIntegerGrain>(this.GetPrimaryKeyLong() + 1));
}

public abstract class Turns : Grain, ITurns
{
    private int _count;
    private int _inside;
    private int _most;
    private int _readers;
    private int _mostReaders;
    private int _readersMet;

    public async Task<int> Step(int milliseconds)
    {
        _most = Math.Max(_most, ++_inside);
        var before = _count;
        _readersMet = Math.Max(_readersMet, _readers);
        await Task.Delay(milliseconds);
        _readersMet = Math.Max(_readersMet, _readers);
        _count = before + 1;
        _inside--;
        return _most;
    }

    public Task<int> Count() => Task.FromResult(_count);

    public Task<int> CountNow() => Task.FromResult(_count);

    public Task<int> ReadersMet() => Task.FromResult(_readersMet);

    public async Task<int> ReadSlowly(int milliseconds)
    {
        _mostReaders = Math.Max(_mostReaders, ++_readers);
        await Task.Delay(milliseconds);
        _readers--;
        return _mostReaders;
    }

    public async Task Forget(int milliseconds)
    {
        await Task.Delay(milliseconds);
        _count++;
    }

    public Task Impatient(int milliseconds) => Task.Delay(milliseconds);

    public async Task<bool> StaysOnScheduler()
    {
        var own = TaskScheduler.Current;
        var stayed = own != TaskScheduler.Default;
        await Task.Delay(5);
        stayed &= TaskScheduler.Current == own;
        await Task.Yield();
        stayed &= TaskScheduler.Current == own;
        await Task.Run(() => Thread.Sleep(1));
        return stayed && TaskScheduler.Current == own;
    }

    public async Task<int> ForkAndJoin(int ways)
    {
        var inside = 0;
        var most = 0;
        await Task.WhenAll(Enumerable.Range(0, ways).Select(async _ =>
        {
            for (var i = 0; i < 20; i++)
            {
                most = Math.Max(most, Interlocked.Increment(ref inside));
                Thread.SpinWait(200);
                Interlocked.Decrement(ref inside);
                await Task.Yield();
            }
        }));
        return most;
    }
}

public sealed class TurnGrain : Turns, ITurnGrain;

[Reentrant]
public sealed class ReentrantTurnGrain : Turns, IReentrantTurnGrain;

public sealed class DeadlockGrain : Grain, IDeadlockGrain
{
    public Task CallBack(string other) => GrainFactory.GetGrain<IDeadlockGrain>(other).Nothing();

    public Task Nothing() => Task.CompletedTask;

    public async Task<string> Ask(string other)
    {
        try
        {
            await GrainFactory.GetGrain<IDeadlockGrain>(other).CallBack(this.GetPrimaryKeyString());
            return "no deadlock";
        }
        catch (TimeoutException)
        {
            return "timeout";
        }
    }
}

public abstract class Life(ILocalSiloDetails silo) : Grain, ILife
{
    private static int _deactivations;
    private readonly Guid _activation = Guid.NewGuid();
    private bool _activated;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _activated = true;
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _deactivations);
        return Task.CompletedTask;
    }

    public Task<Guid> Activation() => Task.FromResult(_activated ? _activation : Guid.Empty);

    public Task<string> Silo() => Task.FromResult(silo.Name);

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task Work(int milliseconds) => Task.Delay(milliseconds);

    public Task<int> Deactivations() => Task.FromResult(_deactivations);
}

[RandomPlacement]
public sealed class LifeGrain(ILocalSiloDetails silo) : Life(silo), ILifeGrain;

public sealed class ShortLivedGrain(ILocalSiloDetails silo) : Life(silo), IShortLivedGrain;

public sealed class FailsToActivateGrain : Grain, IFailsToActivateGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken) => throw new NotOursException("will not wake up");

    public Task Touch() => Task.CompletedTask;
}

[GenerateSerializer]
public sealed class CounterState
{
    [Id(0)]
    public int Value { get; set; }
}

public sealed class CounterGrain([PersistentState("counter")] IPersistentState<CounterState> state) : Grain, ICounterGrain
{
    public async Task<int> Increment()
    {
        state.State.Value++;
        await state.WriteStateAsync();
        return state.State.Value;
    }

    public Task<int> Value() => Task.FromResult(state.State.Value);

    public Task<string?> ETag() => Task.FromResult(state.Etag);

    public async Task WriteFromElsewhere()
    {
        // Another writer is an activation of the same storage record that this one does not know of.
        var storage = (Orleans.Storage.IGrainStorage)ServiceProvider.GetService(typeof(Orleans.Storage.IGrainStorage))!;
        var other = new GrainState<CounterState>();
        await storage.ReadStateAsync("counter", this.GetGrainId(), other);
        other.State = new CounterState { Value = 100 };
        await storage.WriteStateAsync("counter", this.GetGrainId(), other);
    }

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task Clear() => state.ClearStateAsync();
}

public sealed class TimerGrain : Grain, ITimerGrain
{
    private IGrainTimer? _timer;
    private int _ticks;
    private bool _inside;
    private bool _overlapped;

    public Task Start(int periodMilliseconds)
    {
        var period = TimeSpan.FromMilliseconds(periodMilliseconds);
        _timer = this.RegisterGrainTimer(TickAsync, new GrainTimerCreationOptions { DueTime = period, Period = period });
        return Task.CompletedTask;
    }

    public Task Stop()
    {
        _timer?.Dispose();
        return Task.CompletedTask;
    }

    public async Task<int> Ticks()
    {
        _overlapped |= _inside;
        _inside = true;
        await Task.Delay(5);
        _inside = false;
        return _ticks;
    }

    public Task<bool> Overlapped() => Task.FromResult(_overlapped);

    private async Task TickAsync(CancellationToken token)
    {
        _overlapped |= _inside;
        _inside = true;
        _ticks++;
        await Task.Delay(5, CancellationToken.None);
        _inside = false;
        if (_ticks == 2)
            throw new InvalidOperationException("A tick that fails does not end the timer.");
    }
}

public sealed class SubjectGrain : Grain, ISubjectGrain
{
    private readonly ObserverManager<IWatcher> _watchers = new(TimeSpan.FromMinutes(5), NullLogger.Instance);

    public Task Subscribe(IWatcher watcher)
    {
        _watchers.Subscribe(watcher, watcher);
        return Task.CompletedTask;
    }

    public Task Unsubscribe(IWatcher watcher)
    {
        _watchers.Unsubscribe(watcher);
        return Task.CompletedTask;
    }

    public Task Notify(int number) => _watchers.Notify(watcher => watcher.Saw(number));

    public async Task<int> AskAll(int number)
    {
        var sum = 0;
        await _watchers.Notify(async watcher => sum += await watcher.Ask(number));
        return sum;
    }

    public Task<int> Watchers() => Task.FromResult(_watchers.Count);
}

public sealed class StreamGrain : Grain, IStreamGrain
{
    private int _ended;

    public async IAsyncEnumerable<int> Count(int to, int delayMilliseconds)
    {
        for (var i = 0; i < to; i++)
        {
            if (delayMilliseconds > 0)
                await Task.Delay(delayMilliseconds);
            yield return i;
        }
    }

    public async IAsyncEnumerable<int> Endless([EnumeratorCancellation] CancellationToken token = default)
    {
        try
        {
            for (var i = 0; ; i++)
            {
                yield return i;
                await Task.Delay(5, token);
            }
        }
        finally
        {
            _ended++;
        }
    }

    public async IAsyncEnumerable<Point> FailAfter(int elements)
    {
        for (var i = 0; i < elements; i++)
        {
            await Task.Yield();
            yield return new Point(i, -i);
        }
        throw new NotOursException("the stream broke");
    }

    public Task<int> Ended() => Task.FromResult(_ended);
}

[Reentrant]
public sealed class CancelGrain : Grain, ICancelGrain
{
    private int _begun;
    private int _cancelled;

    public async Task Wait(CancellationToken token)
    {
        _begun++;
        try
        {
            await Task.Delay(Timeout.Infinite, token);
        }
        catch (OperationCanceledException)
        {
            _cancelled++;
            throw;
        }
    }

    public Task<int> Begun() => Task.FromResult(_begun);

    public Task<int> Cancelled() => Task.FromResult(_cancelled);
}

[StatelessWorker(2)]
public sealed class StatelessGrain : Grain, IStatelessGrain
{
    private readonly Guid _id = Guid.NewGuid();

    public async Task<Guid> Work(int milliseconds)
    {
        await Task.Delay(milliseconds);
        return _id;
    }
}
