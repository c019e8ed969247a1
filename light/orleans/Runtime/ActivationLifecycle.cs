using Microsoft.Extensions.Logging;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>How an activation comes and goes.</summary>
internal sealed partial class Activation
{
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<GrainTimer> _timers = [];
    private long _keepUntil;

    /// <summary>State and other parts of the grain that are loaded before <see cref="IGrainBase.OnActivateAsync"/>.</summary>
    public List<Func<Task>> OnSetup { get; } = [];

    public bool IsIdle(TimeSpan age)
    {
        var now = Environment.TickCount64;
        return _state == ActivationState.Valid && _running.Count == 0 && _waiting.Count == 0
            && now - Volatile.Read(ref _lastUsed) >= age.TotalMilliseconds && now >= Volatile.Read(ref _keepUntil);
    }

    public void DelayDeactivation(TimeSpan time) =>
        Volatile.Write(ref _keepUntil, time <= TimeSpan.Zero ? 0
            : time.TotalMilliseconds > int.MaxValue ? long.MaxValue
            : Environment.TickCount64 + (long)time.TotalMilliseconds);

    public IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        var timer = new GrainTimer(this, callback, options);
        lock (_timers)
            _timers.Add(timer);
        return timer;
    }

    public void Forget(GrainTimer timer)
    {
        lock (_timers)
            _timers.Remove(timer);
    }

    /// <summary>Claims the grain in the directory, builds the object, loads its state and calls it.</summary>
    public void Activate() => Scheduler.Post(static state => _ = ((Activation)state!).ActivateAsync(), this);

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        if (RuntimeContext.Current == this)
            BeginDeactivation(deactivationReason);
        else
            Scheduler.Post(_ => BeginDeactivation(deactivationReason), null);
    }

    private async Task ActivateAsync()
    {
        try
        {
            if (!Class.IsStatelessWorker)
            {
                var winner = await Silo.ClaimAsync(GrainId);
                if (!winner.Equals(Silo.Address))
                {
                    // Another silo was faster: what waits here belongs there.
                    Silo.NoteLocation(GrainId, winner);
                    await EndAsync();
                    return;
                }
            }
            GrainInstance = Class.Create(this);
            using var timeout = new CancellationTokenSource(Silo.Options.ActivationTimeout);
            foreach (var setup in OnSetup)
                await setup();
            if (GrainInstance is IGrainBase grain)
                await grain.OnActivateAsync(timeout.Token);
            _lastUsed = Environment.TickCount64;
            // A grain may give up its activation while it is being activated.
            if (_state == ActivationState.Activating)
                _state = ActivationState.Valid;
            Pump();
        }
        catch (Exception error)
        {
            Silo.Log.LogWarning(error, "Activating {Grain} failed", GrainId);
            await FailActivationAsync(error);
        }
    }

    private async Task FailActivationAsync(Exception error)
    {
        var failed = _waiting.ToArray();
        _waiting.Clear();
        _overtakers = 0;
        await EndAsync();
        foreach (var request in failed)
            Silo.Fail(request, error);
    }

    private void BeginDeactivation(DeactivationReason reason)
    {
        if (_state is not (ActivationState.Valid or ActivationState.Activating))
            return;
        var activating = _state == ActivationState.Activating;
        _state = ActivationState.Deactivating;
        _ = DeactivateAsync(reason, activating);
    }

    private async Task DeactivateAsync(DeactivationReason reason, bool wasActivating)
    {
        StopTimers();
        if (_running.Count == 0 && !wasActivating)
            _drained.TrySetResult();
        var patience = Silo.Options.DeactivationTimeout;
        await _drained.Task.WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        try
        {
            using var timeout = new CancellationTokenSource(patience);
            await Streams.EndAllAsync();
            if (GrainInstance is IGrainBase grain)
                await grain.OnDeactivateAsync(reason, timeout.Token).WaitAsync(patience);
        }
        catch (Exception error)
        {
            Silo.Log.LogError(error, "Deactivating {Grain} failed", GrainId);
        }
        await EndAsync();
    }

    /// <summary>Gives the grain free for another activation, and sends on what still waits here.</summary>
    private async Task EndAsync()
    {
        StopTimers();
        if (!Class.IsStatelessWorker)
            await Silo.ReleaseAsync(GrainId);
        Silo.Catalog.Remove(this);
        _state = ActivationState.Invalid;
        foreach (var request in _waiting)
            Silo.Reroute(request);
        _waiting.Clear();
        await DisposeInstanceAsync();
        _deactivated.TrySetResult();
    }

    private async Task DisposeInstanceAsync()
    {
        try
        {
            if (GrainInstance is IAsyncDisposable asyncDisposable)
                await asyncDisposable.DisposeAsync();
            else if (GrainInstance is IDisposable disposable)
                disposable.Dispose();
            await Scope.DisposeAsync();
        }
        catch (Exception error)
        {
            Silo.Log.LogError(error, "Disposing {Grain} failed", GrainId);
        }
    }

    private void StopTimers()
    {
        GrainTimer[] timers;
        lock (_timers)
            timers = [.. _timers];
        foreach (var timer in timers)
            timer.Dispose();
    }
}
