using Microsoft.Extensions.Logging;

namespace Orleans.Runtime;

/// <summary>A timer of one activation: each tick enters the grain as a request does.</summary>
internal sealed class GrainTimer : IGrainTimer
{
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Timer _timer;
    private TimeSpan _period;

    public GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _callback = callback;
        _period = options.Period;
        Interleaves = options.Interleave;
        KeepsAlive = options.KeepAlive;
        // The timer belongs to the activation, not to the call that happened to register it.
        using (ExecutionContext.IsFlowSuppressed() ? (IDisposable?)null : ExecutionContext.SuppressFlow())
            _timer = new Timer(static state => ((GrainTimer)state!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(options.DueTime, Timeout.InfiniteTimeSpan);
    }

    public bool Interleaves { get; }

    public bool KeepsAlive { get; }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        _period = period;
        _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
    }

    public Task TickAsync() => _disposed.IsCancellationRequested ? Task.CompletedTask : _callback(_disposed.Token);

    public void Finish(Task tick)
    {
        if (tick.IsFaulted)
            _activation.Silo.Log.LogError(tick.Exception!.InnerException, "A timer of {Grain} failed", _activation.GrainId);
        if (!_disposed.IsCancellationRequested)
            _timer.Change(_period > TimeSpan.Zero ? _period : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        if (_disposed.IsCancellationRequested)
            return;
        _timer.Dispose();
        _disposed.Cancel();
        _activation.Forget(this);
    }

    private void Fire()
    {
        if (!_disposed.IsCancellationRequested)
            _activation.Post(new Request(_activation.GrainId, 0, NoReply.Instance) { Timer = this, Deadline = long.MaxValue });
    }
}
