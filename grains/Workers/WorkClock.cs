using System.Diagnostics;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Workers;

/// <summary>Splits the time of a lease by kind.</summary>
internal sealed class WorkClock
{
    private long _last = Stopwatch.GetTimestamp();
    private double _pull;
    private double _wait;
    private double _forward;
    private double _backward;
    private double _push;

    public WorkTimes Times => new(_pull, _wait, _forward, _backward, _push);

    public void Pulled() => _pull += Lap();

    public void Encoded() => _forward += Lap();

    public void WentBack() => _backward += Lap();

    public void Pushed() => _push += Lap();

    /// <summary>The wait for views went into the forward time; it is taken out here.</summary>
    public void Computed(double waited)
    {
        _wait += waited;
        _forward = Math.Max(0, _forward - waited);
        Lap();
    }

    private double Lap()
    {
        var now = Stopwatch.GetTimestamp();
        var lap = Stopwatch.GetElapsedTime(_last, now).TotalSeconds;
        _last = now;
        return lap;
    }
}
