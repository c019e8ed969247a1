using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace SslOrleans.Conformance;

[GenerateSerializer]
public sealed record Point(int X, int Y);

[GenerateSerializer]
public abstract record Shape
{
    [Id(0)]
    public string Name { get; init; } = "";
}

[GenerateSerializer]
public sealed record Circle : Shape
{
    [Id(0)]
    public double Radius { get; init; }
}

[GenerateSerializer]
public sealed record Polygon : Shape
{
    [Id(0)]
    public List<Point> Corners { get; init; } = [];
}

[GenerateSerializer]
public enum Colour
{
    Red,
    Green,
}

/// <summary>One of nearly everything that contracts carry.</summary>
[GenerateSerializer]
public sealed class Everything
{
    [Id(0)]
    public int? Maybe { get; set; }

    [Id(1)]
    public Dictionary<string, float[]> Table { get; set; } = [];

    [Id(2)]
    public Shape? Shape { get; set; }

    [Id(3)]
    public (long Position, Guid Id) Pair { get; set; }

    [Id(4)]
    public ReadOnlyMemory<byte> Bytes { get; set; }

    [Id(5)]
    public IReadOnlyList<string?> Names { get; set; } = [];

    [Id(6)]
    public Colour Colour { get; set; }

    [Id(7)]
    public DateTimeOffset When { get; set; }

    [Id(8)]
    public TimeSpan Span { get; set; }

    [Id(9)]
    public decimal Money { get; set; }

    [Id(10)]
    public Point? Point { get; set; }

    [Id(11)]
    public double Number { get; set; } = 7;

    [Id(12)]
    public HashSet<int> Set { get; set; } = [];
}

public sealed class NotOursException(string message) : Exception(message);

[GenerateSerializer]
[Alias("Conformance.Aliased")]
public sealed class AliasedException : Exception
{
    public AliasedException(string message)
        : base(message)
    {
    }
}

public interface IEchoGrain : IGrainWithStringKey
{
    Task<int> Add(int a, int b);

    Task<Everything> Echo(Everything value);

    Task<Immutable<byte[]>> EchoBytes(Immutable<byte[]> bytes);

    Task<int> Measure(byte[] bytes);

    Task<byte[]> Fill(int size);

    Task Fail(string message);

    Task FailWithOwn(string message);

    Task FailWithAliased(string message);

    Task FailWithForeign(string message);

    ValueTask<string?> WhereAmI();

    Task<string?> ReadContext(string key);

    Task<string?> ReadContextOfNeighbour(string key);

    Task Mutate(List<int> values);

    Task<bool> IsSame(Immutable<byte[]> bytes, int hash);
}

public interface IGuidGrain : IGrainWithGuidKey
{
    Task<Guid> Key();
}

public interface IIntegerGrain : IGrainWithIntegerKey
{
    Task<long> Key();

    Task<IIntegerGrain> Next();
}

public interface ITurns : IGrainWithStringKey
{
    /// <summary>Counts up over an await; the answer is how many of these ran at the same time at most.</summary>
    Task<int> Step(int milliseconds);

    Task<int> Count();

    [AlwaysInterleave]
    Task<int> CountNow();

    [ReadOnly]
    Task<int> ReadSlowly(int milliseconds);

    /// <summary>The most readers that were inside while a writer was.</summary>
    Task<int> ReadersMet();

    [OneWay]
    Task Forget(int milliseconds);

    [ResponseTimeout("00:00:00.300")]
    Task Impatient(int milliseconds);

    Task<bool> StaysOnScheduler();

    Task<int> ForkAndJoin(int ways);
}

public interface ITurnGrain : ITurns;

public interface IReentrantTurnGrain : ITurns;

public interface IDeadlockGrain : IGrainWithStringKey
{
    [ResponseTimeout("00:00:00.500")]
    Task CallBack(string other);

    [ResponseTimeout("00:00:00.500")]
    Task Nothing();

    Task<string> Ask(string other);
}

public interface ILife : IGrainWithStringKey
{
    Task<Guid> Activation();

    Task<string> Silo();

    Task End();

    Task Work(int milliseconds);

    Task<int> Deactivations();
}

public interface ILifeGrain : ILife;

public interface IShortLivedGrain : ILife;

public interface IFailsToActivateGrain : IGrainWithStringKey
{
    Task Touch();
}

public interface ICounterGrain : IGrainWithStringKey
{
    Task<int> Increment();

    Task<int> Value();

    Task<string?> ETag();

    Task WriteFromElsewhere();

    Task End();

    Task Clear();
}

public interface ITimerGrain : IGrainWithStringKey
{
    Task Start(int periodMilliseconds);

    Task Stop();

    Task<int> Ticks();

    Task<bool> Overlapped();
}

public interface IWatcher : IGrainObserver
{
    Task Saw(int number);

    Task<int> Ask(int number);
}

public interface ISubjectGrain : IGrainWithStringKey
{
    Task Subscribe(IWatcher watcher);

    Task Unsubscribe(IWatcher watcher);

    Task Notify(int number);

    Task<int> AskAll(int number);

    Task<int> Watchers();
}

public interface IStreamGrain : IGrainWithStringKey
{
    IAsyncEnumerable<int> Count(int to, int delayMilliseconds);

    IAsyncEnumerable<int> Endless(CancellationToken token = default);

    IAsyncEnumerable<Point> FailAfter(int elements);

    Task<int> Ended();
}

public interface ICancelGrain : IGrainWithStringKey
{
    Task Wait(CancellationToken token);

    Task<int> Begun();

    Task<int> Cancelled();
}

public interface IStatelessGrain : IGrainWithIntegerKey
{
    Task<Guid> Work(int milliseconds);
}

/// <summary>Lives where its silo's role is "parameters".</summary>
public interface IRoleGrain : IGrainWithStringKey
{
    Task<string> Role();
}

/// <summary>Belongs to the silo that its key names, and refuses to wake up elsewhere.</summary>
public interface IBoundGrain : IGrainWithStringKey
{
    Task<string> Silo();
}

public interface ILocalGrain : IGrainWithStringKey
{
    Task<string> Silo();
}

public interface IHashedGrain : IGrainWithStringKey
{
    Task<string> Silo();
}
