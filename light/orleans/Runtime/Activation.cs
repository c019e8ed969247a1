using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Orleans.Runtime;

internal enum ActivationState
{
    Activating,
    Valid,
    Deactivating,
    Invalid,
}

/// <summary>One activation of a grain: its object, its turns, and the requests that run or wait. Its fields change in its own turns only.</summary>
internal sealed partial class Activation : IGrainContext
{
    private readonly List<Request> _waiting = [];
    private readonly List<Request> _running = [];
    private readonly TaskCompletionSource _deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _pumping;
    private int _overtakers;
    private int _load;
    private long _lastUsed = Environment.TickCount64;
    private volatile ActivationState _state = ActivationState.Activating;

    public Activation(SiloNode silo, GrainClass grainClass, GrainId grainId)
    {
        Silo = silo;
        Class = grainClass;
        GrainId = grainId;
        Scheduler = new ActivationScheduler(this);
        GrainReference = new GrainReference(silo, grainId, null);
        Streams = new ResultStreams(this);
        Scope = silo.ServiceProvider.CreateAsyncScope();
    }

    public SiloNode Silo { get; }

    public GrainClass Class { get; }

    public GrainId GrainId { get; }

    public GrainReference GrainReference { get; }

    public ActivationScheduler Scheduler { get; }

    public object? GrainInstance { get; private set; }

    public IServiceProvider ActivationServices => Scope.ServiceProvider;

    public Task Deactivated => _deactivated.Task;

    public ResultStreams Streams { get; }

    public ActivationState State => _state;

    /// <summary>Requests that were posted and are not over.</summary>
    public int Load => Volatile.Read(ref _load);

    private AsyncServiceScope Scope { get; }

    /// <summary>Takes a request, from any thread.</summary>
    public void Post(Request request)
    {
        Interlocked.Increment(ref _load);
        Scheduler.Post(static state =>
        {
            var (activation, request) = ((Activation, Request))state!;
            activation.Arrive(request);
        }, (this, request));
    }

    private void Arrive(Request request)
    {
        if (_state == ActivationState.Invalid)
        {
            Silo.Reroute(request);
            return;
        }
        if (_state == ActivationState.Valid && !_pumping && _waiting.Count > 0 && _running.Count > 0)
        {
            // Those that wait already still cannot run; only the new one needs a look.
            if (MayRun(request))
            {
                Start(request);
                Pump();
                return;
            }
        }
        Enqueue(request);
        if (_running.Count == 0 || _waiting.Count == 1)
            Pump();
    }

    private void Enqueue(Request request)
    {
        _waiting.Add(request);
        if (CanOvertake(request))
            _overtakers++;
    }

    /// <summary>Starts every waiting request that may run now, in order of arrival.</summary>
    private void Pump()
    {
        if (_pumping)
            return;
        _pumping = true;
        for (var i = 0; i < _waiting.Count && _state == ActivationState.Valid;)
        {
            var request = _waiting[i];
            if (!MayRun(request))
            {
                if (_overtakers == 0)
                    break;
                i++;
                continue;
            }
            _waiting.RemoveAt(i);
            if (CanOvertake(request))
                _overtakers--;
            Start(request);
            // A request that is over already may have let earlier ones in.
            if (_running.Count == 0)
                i = 0;
        }
        _pumping = false;
        if (_state == ActivationState.Deactivating && _running.Count == 0)
            _drained.TrySetResult();
    }

    private bool MayRun(Request request)
    {
        if (_running.Count == 0 || Class.IsReentrant)
            return true;
        if (request.Timer is { } timer)
            return timer.Interleaves;
        var method = MethodOf(request);
        return method is null || method.IsAlwaysInterleave
            || (method.IsReadOnly && _running.TrueForAll(running => MethodOf(running) is { } other && (other.IsReadOnly || other.IsAlwaysInterleave)));
    }

    /// <summary>Whether a request might run while an earlier one waits.</summary>
    private bool CanOvertake(Request request) =>
        Class.IsReentrant || request.Timer is { Interleaves: true } || MethodOf(request) is { } method && (method.IsAlwaysInterleave || method.IsReadOnly);

    private static GrainMethod? MethodOf(Request request)
    {
        if (request.Timer is not null)
            return null;
        try
        {
            return request.Method ??= GrainInterfaces.Find(request.MethodId);
        }
        catch (OrleansException)
        {
            // Starting it reports the error.
            return null;
        }
    }

    private void Start(Request request)
    {
        // Whoever waited for it has given up, so it must not run any more.
        if (request.IsExpired || request.IsCancelled)
        {
            Interlocked.Decrement(ref _load);
            Silo.Fail(request, request.IsCancelled ? new OperationCanceledException() : new TimeoutException($"{request} waited too long."));
            return;
        }
        _running.Add(request);
        RequestContext.Values = request.Context;
        Task task;
        try
        {
            task = Invoke(request);
        }
        catch (Exception error)
        {
            task = Task.FromException(error);
        }
        if (task.IsCompleted)
            Finish(request, task);
        else
            _ = FinishLaterAsync(request, task);
    }

    private Task Invoke(Request request)
    {
        if (request.Timer is { } timer)
            return timer.TickAsync();
        var method = request.Resolve();
        var target = method.Info.DeclaringType == typeof(IResultStreams) ? Streams : GrainInstance!;
        return Silo.Filters.Length == 0 || target == Streams
            ? method.Invoke(target, request.Arguments!)
            : new FilteredCall(this, method, request.Arguments!, Silo.Filters).RunAsync();
    }

    private async Task FinishLaterAsync(Request request, Task task)
    {
        await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Finish(request, task);
        Pump();
    }

    private void Finish(Request request, Task task)
    {
        _running.Remove(request);
        Interlocked.Decrement(ref _load);
        if (request.Timer is null or { KeepsAlive: true })
            _lastUsed = Environment.TickCount64;
        if (request.Timer is { } timer)
        {
            timer.Finish(task);
            return;
        }
        Silo.Answered(request);
        try
        {
            if (task.IsCompletedSuccessfully)
                request.Reply.Complete(request.Method!, request.Method!.ResultOf(task));
            else
                Fail(request, task.IsCanceled ? Cancelled(task) : task.Exception!.InnerException!);
        }
        catch (Exception error)
        {
            Silo.Log.LogError(error, "Could not answer {Request}", request);
        }
    }

    private void Fail(Request request, Exception error)
    {
        if (request.IsOneWay)
            Silo.Log.LogWarning(error, "The one-way call {Request} failed", request);
        // Its copy of the state is stale, and only a new activation reads anew.
        if (error is InconsistentStateException { IsSourceActivation: true } conflict)
        {
            conflict.IsSourceActivation = false;
            Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, error, "The stored state was changed by someone else."));
        }
        request.Reply.Fail(error);
    }

    private static Exception Cancelled(Task task)
    {
        try
        {
            task.GetAwaiter().GetResult();
            return new TaskCanceledException(task);
        }
        catch (OperationCanceledException error)
        {
            return error;
        }
    }
}
