using Orleans.Messaging;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>One call on its way: from the proxy, over any number of silos, to the grain.</summary>
internal sealed class Request(GrainId target, ulong methodId, IReply reply)
{
    private CancellationTokenSource? _cancellation;

    public GrainId Target { get; } = target;

    public ulong MethodId { get; } = methodId;

    /// <summary>Who waits for the answer: a task in this process, a connection, or nobody.</summary>
    public IReply Reply { get; } = reply;

    /// <summary>Under which number this process waits for the answer, if it does.</summary>
    public ulong Id { get; set; }

    public GrainMethod? Method { get; set; }

    /// <summary>Set for a tick of a grain timer, which waits and runs as a call does.</summary>
    public GrainTimer? Timer { get; init; }

    /// <summary>The arguments, or null while they are still bytes in <see cref="Body"/>.</summary>
    public object?[]? Arguments { get; set; }

    /// <summary>The arguments are this request's alone, or immutable.</summary>
    public bool OwnsArguments { get; set; }

    public BufferReader? Body { get; set; }

    public Dictionary<string, object>? Context { get; init; }

    /// <summary>When the caller stops waiting, by <see cref="Environment.TickCount64"/>.</summary>
    public long Deadline { get; init; }

    /// <summary>How many silos passed the request on.</summary>
    public int Hops { get; set; }

    /// <summary>The connection it was last sent over; its loss fails the request.</summary>
    public Connection? Via { get; private set; }

    public bool IsOneWay => Reply is NoReply;

    public bool IsExpired => Environment.TickCount64 > Deadline;

    public bool IsCancelled { get; private set; }

    /// <summary>The method of this process, and the arguments as objects; bytes become objects only here, where they are used.</summary>
    public GrainMethod Resolve()
    {
        Method ??= GrainInterfaces.Find(MethodId);
        if (Arguments is null)
        {
            Arguments = Method.ReadArguments(Body!);
            Body = null;
        }
        if (Method.CancellationIndex >= 0)
        {
            _cancellation ??= new CancellationTokenSource();
            // The caller may give up at this very moment: either it sees the source, or this sees that it gave up.
            Interlocked.MemoryBarrier();
            if (IsCancelled)
                _cancellation.Cancel();
            Arguments[Method.CancellationIndex] = _cancellation.Token;
        }
        return Method;
    }

    /// <summary>Sends the request on; a caller who has given up meanwhile is heard there too.</summary>
    public void SendOver(Connection connection)
    {
        Via = connection;
        connection.Send(Frames.Request(this));
        Interlocked.MemoryBarrier();
        if (IsCancelled)
            connection.Send(Frames.Cancel(Id));
    }

    /// <summary>The caller gave up: the grain's token is cancelled, here or further on.</summary>
    public void Cancel()
    {
        IsCancelled = true;
        Interlocked.MemoryBarrier();
        Via?.Send(Frames.Cancel(Id));
        if (_cancellation is { } source)
            ThreadPool.UnsafeQueueUserWorkItem(static source => source.Cancel(), source, preferLocal: false);
    }

    public override string ToString() => $"{(object?)Method ?? MethodId.ToString("x16", System.Globalization.CultureInfo.InvariantCulture)} on {Target}";
}

/// <summary>Where the answer to a request goes.</summary>
internal interface IReply
{
    void Complete(GrainMethod method, object? result);

    void Fail(Exception error);

    /// <summary>Passes on an answer that came as bytes.</summary>
    void Forward(ResponseStatus status, BufferReader body);
}

/// <summary>The answer to a one-way call.</summary>
internal sealed class NoReply : IReply
{
    public static readonly NoReply Instance = new();

    public void Complete(GrainMethod method, object? result)
    {
    }

    public void Fail(Exception error)
    {
    }

    public void Forward(ResponseStatus status, BufferReader body)
    {
    }
}

/// <summary>A task of this process that waits for an answer.</summary>
internal sealed class PendingCall<T>(GrainMethod method) : TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously), IReply
{
    public CancellationTokenRegistration Registration { get; set; }

    public void Complete(GrainMethod completed, object? result)
    {
        Registration.Dispose();
        try
        {
            TrySetResult(result is null || completed.ResultCodec.IsShareable ? (T)result! : (T)completed.ResultCodec.CopyObject(result)!);
        }
        catch (Exception error)
        {
            TrySetException(error);
        }
    }

    public void Fail(Exception error)
    {
        Registration.Dispose();
        if (error is OperationCanceledException cancelled && cancelled.CancellationToken.IsCancellationRequested)
            TrySetCanceled(cancelled.CancellationToken);
        else
            TrySetException(error);
    }

    public void Forward(ResponseStatus status, BufferReader body)
    {
        try
        {
            if (status == ResponseStatus.Ok)
            {
                Registration.Dispose();
                TrySetResult(body.AtEnd ? default! : (T)method.ResultCodec.ReadObject(body)!);
            }
            else
            {
                Fail(Exceptions.Read(body) ?? new OrleansException("The call failed without saying why."));
            }
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }
}
