using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>A timer of one activation; disposing it stops it.</summary>
public interface IGrainTimer : IDisposable
{
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>When a grain timer fires and how its ticks mix with requests.</summary>
public readonly struct GrainTimerCreationOptions()
{
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        : this()
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>Time to the first tick; <see cref="Timeout.InfiniteTimeSpan"/> keeps the timer from starting.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>Time from the end of one tick to the start of the next; infinite for a single tick.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>True lets a tick run between the turns of a request; false makes it wait like a request.</summary>
    public bool Interleave { get; init; }

    /// <summary>True makes a tick count as use, so that idle collection leaves the activation alone.</summary>
    public bool KeepAlive { get; init; }
}
