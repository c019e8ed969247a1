using Orleans.Concurrency;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>How the caller of a method that returns <see cref="IAsyncEnumerable{T}"/> pulls its elements out of the grain.</summary>
internal interface IResultStreams : IAddressable
{
    [AlwaysInterleave]
    Task<StreamBatch> Start(Guid stream, ulong method, byte[] arguments);

    [AlwaysInterleave]
    Task<StreamBatch> Next(Guid stream);

    [AlwaysInterleave]
    Task End(Guid stream);
}

/// <summary>The elements that were there, each as bytes; none if nothing came for a while.</summary>
[GenerateSerializer, Immutable]
internal sealed class StreamBatch
{
    [Id(0)]
    public List<byte[]> Elements { get; init; } = [];

    [Id(1)]
    public bool IsOver { get; init; }
}

/// <summary>The caller's side.</summary>
internal sealed class ResultStream<T>(GrainReference grain, GrainMethod method, object?[] arguments) : IAsyncEnumerable<T>
{
    public async IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        var own = method.CancellationIndex >= 0 ? (CancellationToken)arguments[method.CancellationIndex]! : default;
        using var both = CancellationTokenSource.CreateLinkedTokenSource(own, cancellationToken);
        var streams = (IResultStreams)grain.Node.CreateReference(grain.GrainId, typeof(IResultStreams));
        var codec = Codecs.For<T>();
        var id = Guid.NewGuid();
        var over = false;
        both.Token.ThrowIfCancellationRequested();
        try
        {
            var batch = await streams.Start(id, method.Id, Arguments()).WaitAsync(both.Token);
            while (true)
            {
                foreach (var element in batch.Elements)
                    yield return codec.Read(new BufferReader(element, [], grain.Node));
                over = batch.IsOver;
                if (over)
                    yield break;
                batch = await Next(streams, id, both.Token);
            }
        }
        finally
        {
            if (!over)
                _ = streams.End(id).ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
        }
    }

    private static async Task<StreamBatch> Next(IResultStreams streams, Guid id, CancellationToken token) =>
        await streams.Next(id).WaitAsync(token);

    private byte[] Arguments()
    {
        using var writer = new BufferWriter { Inline = true };
        method.WriteArguments(writer, arguments);
        return writer.Body.ToArray();
    }
}

/// <summary>The grain's side: the streams that callers are reading, run in the grain's own turns.</summary>
internal sealed class ResultStreams(Activation activation) : IResultStreams
{
    /// <summary>A caller that has not asked for this long is gone.</summary>
    private static readonly TimeSpan Abandoned = TimeSpan.FromMinutes(1);

    private readonly Dictionary<Guid, ResultPump> _streams = [];

    public async Task<StreamBatch> Start(Guid stream, ulong method, byte[] arguments)
    {
        foreach (var (id, old) in _streams.Where(entry => entry.Value.Idle > Abandoned).ToArray())
            await EndAsync(id, old);
        var called = GrainInterfaces.Find(method);
        var pump = ResultPump.Create(called);
        var values = called.ReadArguments(new BufferReader(arguments, [], activation.Silo));
        if (called.CancellationIndex >= 0)
            values[called.CancellationIndex] = pump.Token;
        var result = called.Invoke(activation.GrainInstance!, values);
        pump.Begin(called.ResultOf(result)!);
        _streams[stream] = pump;
        return await Next(stream);
    }

    public async Task<StreamBatch> Next(Guid stream)
    {
        if (!_streams.TryGetValue(stream, out var pump))
            throw new InvalidOperationException($"The stream of results from {activation.GrainId} was ended: the grain was deactivated, or its reader slept for too long.");
        var over = true;
        try
        {
            var batch = await pump.NextAsync();
            over = batch.IsOver;
            return batch;
        }
        finally
        {
            if (over)
                await EndAsync(stream, pump);
        }
    }

    public async Task End(Guid stream)
    {
        if (_streams.TryGetValue(stream, out var pump))
            await EndAsync(stream, pump);
    }

    public async Task EndAllAsync()
    {
        foreach (var (id, pump) in _streams.ToArray())
            await EndAsync(id, pump);
    }

    private async Task EndAsync(Guid stream, ResultPump pump)
    {
        _streams.Remove(stream);
        await pump.EndAsync();
    }
}

/// <summary>One stream of results and how far it has been read.</summary>
internal abstract class ResultPump
{
    private readonly CancellationTokenSource _ended = new();
    private long _lastAsked = Environment.TickCount64;

    public CancellationToken Token => _ended.Token;

    public TimeSpan Idle => TimeSpan.FromMilliseconds(Environment.TickCount64 - _lastAsked);

    public static ResultPump Create(GrainMethod method) =>
        (ResultPump)Activator.CreateInstance(typeof(ResultPump<>).MakeGenericType(method.Info.ReturnType.GetGenericArguments()))!;

    public abstract void Begin(object stream);

    public async Task<StreamBatch> NextAsync()
    {
        _lastAsked = Environment.TickCount64;
        var batch = await ReadAsync();
        _lastAsked = Environment.TickCount64;
        return batch;
    }

    public async Task EndAsync()
    {
        await _ended.CancelAsync();
        await DisposeStreamAsync();
    }

    protected abstract Task<StreamBatch> ReadAsync();

    protected abstract Task DisposeStreamAsync();
}

internal sealed class ResultPump<T> : ResultPump
{
    private const int MaxBatch = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Codec<T> _codec = Codecs.For<T>();
    private IAsyncEnumerator<T> _stream = null!;
    private Task<bool>? _next;

    public override void Begin(object stream) => _stream = ((IAsyncEnumerable<T>)stream).GetAsyncEnumerator(Token);

    protected override async Task<StreamBatch> ReadAsync()
    {
        var elements = new List<byte[]>();
        while (elements.Count < MaxBatch)
        {
            _next ??= _stream.MoveNextAsync().AsTask();
            if (!_next.IsCompleted)
            {
                // What is there goes now; with nothing there, an empty batch after a while keeps the call from timing out.
                if (elements.Count > 0 || await Task.WhenAny(_next, Task.Delay(Patience, Token)) != _next)
                    return new StreamBatch { Elements = elements };
            }
            if (_next.IsFaulted && elements.Count > 0)
                return new StreamBatch { Elements = elements };
            var more = await _next;
            _next = null;
            if (!more)
                return new StreamBatch { Elements = elements, IsOver = true };
            using var writer = new BufferWriter { Inline = true };
            _codec.Write(writer, _stream.Current);
            elements.Add(writer.Body.ToArray());
        }
        return new StreamBatch { Elements = elements };
    }

    protected override async Task DisposeStreamAsync()
    {
        if (_next is not null)
            await ((Task)_next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (_stream is not null)
            await _stream.DisposeAsync();
    }
}
