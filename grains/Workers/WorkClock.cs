using System.Diagnostics;
using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>Splits the time of a lease by kind, seconds. Safe from any thread.</summary>
internal sealed class WorkClock
{
    private readonly Lock _lock = new();
    private WorkTimes _times;

    public WorkTimes Times
    {
        get
        {
            lock (_lock)
                return _times;
        }
    }

    public async Task Pull(Func<Task> work) => Add(new WorkTimes { Pull = await Timed(work) });

    /// <summary>Seconds that the next views were not ready.</summary>
    public void DataWaited(double seconds) => Add(new WorkTimes { DataWait = seconds });

    public async Task Push(Func<Task> work) => Add(new WorkTimes { Push = await Timed(work) });

    public void Push(Action work) => Add(new WorkTimes { Push = Timed(work) });

    /// <summary>Time at meetings is not counted: the lane computes other micro-batches then, or waits for other workers.</summary>
    public void Forward(LaneMeeting? meeting, Action work) => Add(new WorkTimes { Forward = Timed(work) - (meeting?.TakeWaitedSeconds() ?? 0) });

    /// <inheritdoc cref="Forward"/>
    public void Backward(LaneMeeting? meeting, Action work) => Add(new WorkTimes { Backward = Timed(work) - (meeting?.TakeWaitedSeconds() ?? 0) });

    private void Add(WorkTimes t)
    {
        lock (_lock)
            _times = new WorkTimes(_times.Pull + t.Pull, _times.DataWait + t.DataWait, _times.Forward + t.Forward, _times.Backward + t.Backward, _times.Push + t.Push);
    }

    private static async Task<double> Timed(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double Timed(Action work)
    {
        var started = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
