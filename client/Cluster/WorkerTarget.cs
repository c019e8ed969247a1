namespace SslOrleans.Client.Cluster;

/// <summary>
/// How many workers a machine has room for: fewer as soon as others have needed the processors for a while, more when they have been free for longer,
/// so that a short burst neither ends a worker nor starts one.
/// </summary>
/// <param name="threads">Processors that a worker keeps busy, at least 1.</param>
/// <param name="processors">Processors that this process may use.</param>
/// <param name="most">Workers beyond this would have no micro-batch of their own.</param>
/// <param name="clock">Of the looks.</param>
public sealed class WorkerTarget(int threads, int processors, int most, TimeProvider clock)
{
    /// <summary>Others have been in need for this long: a worker leaves.</summary>
    public static TimeSpan Yield { get; } = TimeSpan.FromSeconds(4);

    /// <summary>Processors have been free for this long: a worker joins.</summary>
    public static TimeSpan Grow { get; } = TimeSpan.FromSeconds(10);

    /// <summary>A worker joins a processor that is nearly free: every machine does a little of its own.</summary>
    private const double Nearly = 0.25;

    private long? _moreSince;
    private long? _lessSince;

    /// <summary>Workers that there should be; never below 1, with which a training goes on.</summary>
    public int Value { get; private set; } = Math.Clamp(processors / threads, 1, most);

    /// <summary>Takes a look into account.</summary>
    /// <param name="busyByOthers">Processors that others use.</param>
    /// <returns><see cref="Value"/>.</returns>
    public int Look(double busyByOthers)
    {
        var room = Math.Clamp((int)Math.Floor((processors - busyByOthers + Nearly) / threads), 1, most);
        _moreSince = room > Value ? _moreSince ?? clock.GetTimestamp() : null;
        _lessSince = room < Value ? _lessSince ?? clock.GetTimestamp() : null;
        if (_moreSince is { } more && clock.GetElapsedTime(more) >= Grow)
            (Value, _moreSince) = (Value + 1, null);
        else if (_lessSince is { } less && clock.GetElapsedTime(less) >= Yield)
            (Value, _lessSince) = (Value - 1, null);
        return Value;
    }
}
