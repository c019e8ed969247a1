using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Messaging;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>What a silo and a client have in common: references, observers, and the calls that wait for an answer.</summary>
internal abstract class Node : IClusterClient, IAsyncDisposable
{
    private static readonly long LongestWait = (long)TimeSpan.FromDays(1).TotalMilliseconds;

    private readonly ConcurrentDictionary<ulong, Request> _waiting = new();
    private readonly TimeSpan _responseTimeout;
    private readonly Timer _timeouts;
    private long _lastId;
    private long _nextTimeout = long.MaxValue;

    protected Node(IServiceProvider services, ILogger log, TimeSpan responseTimeout)
    {
        ServiceProvider = services;
        Log = log;
        _responseTimeout = responseTimeout;
        _timeouts = new Timer(_ => FailExpired(), null, Timeout.Infinite, Timeout.Infinite);
        Observers = new LocalObjects(this);
        Exceptions = services.GetRequiredService<IOptions<ExceptionSerializationOptions>>().Value;
    }

    public IServiceProvider ServiceProvider { get; }

    public ILogger Log { get; }

    /// <summary>Which exceptions leave this process as what they are.</summary>
    public ExceptionSerializationOptions Exceptions { get; }

    /// <summary>Objects of this process, besides grains, that can be called.</summary>
    public LocalObjects Observers { get; }

    /// <summary>How other processes name this one in the keys of its observers.</summary>
    public abstract string OwnerName { get; }

    /// <summary>Brings a request to where it is answered. Never throws: a failure is an answer too.</summary>
    public abstract void Route(Request request);

    /// <summary>A request that came over a connection.</summary>
    public virtual void Accept(Request request) => Route(request);

    public abstract GrainType GrainTypeOf(Type interfaceType);

    public virtual void OnGoodbye(Connection connection)
    {
    }

    /// <summary>Fails every call that was sent over a connection that is gone.</summary>
    public virtual void OnClosed(Connection connection, string reason)
    {
        foreach (var (id, request) in _waiting)
        {
            if (request.Via == connection && _waiting.TryRemove(id, out _))
                request.Reply.Fail(new SiloUnavailableException($"The call {request} was lost, because {connection} is gone: {reason}"));
        }
    }

    public void OnResponse(ulong id, ResponseStatus status, BufferReader body)
    {
        if (!_waiting.TryRemove(id, out var request))
            return;
        if (status >= ResponseStatus.OkElsewhere)
            Forget(request.Target);
        if (request.Reply is RemoteReply)
            request.Reply.Forward(status, body);
        else
            request.Reply.Forward((ResponseStatus)((int)status & 1), body);
    }

    public Task<T> Call<T>(GrainReference reference, GrainMethod method, object?[] arguments)
    {
        var token = method.CancellationIndex >= 0 ? (CancellationToken)arguments[method.CancellationIndex]! : default;
        if (token.IsCancellationRequested)
            return Task.FromCanceled<T>(token);
        var call = method.IsOneWay ? null : new PendingCall<T>(method);
        var request = new Request(reference.GrainId, method.Id, call is null ? NoReply.Instance : call)
        {
            Method = method,
            Arguments = arguments,
            Context = RequestContext.Values,
            Deadline = Environment.TickCount64 + (long)(method.Timeout ?? _responseTimeout).TotalMilliseconds,
        };
        if (call is null)
        {
            Route(request);
            return Task.FromResult(default(T)!);
        }
        Await(request);
        if (token.CanBeCanceled)
            call.Registration = token.UnsafeRegister(static (state, token) => ((Action<CancellationToken>)state!)(token), Canceller(request));
        Route(request);
        return call.Task;
    }

    /// <summary>Notes that this process waits for the answer to a request.</summary>
    public void Await(Request request)
    {
        request.Id = (ulong)Interlocked.Increment(ref _lastId);
        _waiting[request.Id] = request;
        if (request.Deadline < Volatile.Read(ref _nextTimeout))
            LookAgainAt(request.Deadline);
    }

    /// <summary>The request was answered in this process.</summary>
    public void Answered(Request request)
    {
        if (request.Id != 0)
            _waiting.TryRemove(request.Id, out _);
    }

    public void Fail(Request request, Exception error)
    {
        Answered(request);
        request.Reply.Fail(error);
    }

    public object CreateReference(GrainId id, Type interfaceType) => ProxyFactory.Create(this, id, interfaceType);

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey => (TGrainInterface)GetGrain(typeof(TGrainInterface), primaryKey);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey => (TGrainInterface)GetGrain(typeof(TGrainInterface), primaryKey);

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey => (TGrainInterface)GetGrain(typeof(TGrainInterface), primaryKey);

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable => (TGrainInterface)CreateReference(grainId, typeof(TGrainInterface));

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey) =>
        GetGrain(grainInterfaceType, grainPrimaryKey.ToString("N", CultureInfo.InvariantCulture));

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey) =>
        GetGrain(grainInterfaceType, grainPrimaryKey.ToString("X", CultureInfo.InvariantCulture));

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(grainPrimaryKey);
        return (IGrain)CreateReference(GrainId.Create(GrainTypeOf(grainInterfaceType), grainPrimaryKey), grainInterfaceType);
    }

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver =>
        (TGrainObserverInterface)CreateReference(Observers.Add(obj), typeof(TGrainObserverInterface));

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver => Observers.Remove(obj.GetGrainId());

    public virtual async ValueTask DisposeAsync()
    {
        await _timeouts.DisposeAsync().ConfigureAwait(false);
        foreach (var (_, request) in _waiting)
            Fail(request, new SiloUnavailableException($"The call {request} was lost, because this process stopped."));
    }

    /// <summary>The grain was not where it was thought to be.</summary>
    protected virtual void Forget(GrainId grain)
    {
    }

    private Action<CancellationToken> Canceller(Request request) => token =>
    {
        if (!_waiting.TryRemove(request.Id, out _))
            return;
        request.Reply.Fail(new OperationCanceledException(token));
        request.Cancel();
    };

    /// <summary>Only ever set for the earliest deadline: a timer that ticks would wake a thread beside those that compute.</summary>
    private void LookAgainAt(long deadline)
    {
        lock (_timeouts)
        {
            if (deadline >= _nextTimeout)
                return;
            _nextTimeout = deadline;
            _timeouts.Change(Math.Clamp(deadline + 1 - Environment.TickCount64, 1, LongestWait), Timeout.Infinite);
        }
    }

    private void FailExpired()
    {
        // First, so that a call which begins from here on either is seen below or sets the timer itself.
        lock (_timeouts)
            _nextTimeout = long.MaxValue;
        var (now, earliest) = (Environment.TickCount64, long.MaxValue);
        foreach (var (id, request) in _waiting)
        {
            if (now <= request.Deadline)
                earliest = Math.Min(earliest, request.Deadline);
            else if (_waiting.TryRemove(id, out _) && request.Reply is not RemoteReply)
                request.Reply.Fail(new TimeoutException($"Response did not arrive on time for {request}."));
        }

        if (earliest < long.MaxValue)
            LookAgainAt(earliest);
    }
}
