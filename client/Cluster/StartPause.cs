namespace SslOrleans.Client.Cluster;

/// <summary>
/// How long to wait with another worker process where the last ones ended soon after their start: what ends one, a library that is missing say, most
/// likely ends the next one too.
/// </summary>
/// <param name="clock">Of starts and ends.</param>
public sealed class StartPause(TimeProvider clock)
{
    /// <summary>A process that lived longer did its work.</summary>
    public static TimeSpan Young { get; } = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);

    private TimeSpan _pause;
    private long _since;

    /// <summary>Another one may be started.</summary>
    public bool IsOver => _pause == TimeSpan.Zero || clock.GetElapsedTime(_since) >= _pause;

    /// <summary>One ended that was not asked to.</summary>
    /// <param name="lived">From its start on.</param>
    /// <returns>The pause from now on; zero when there is none.</returns>
    public TimeSpan Ended(TimeSpan lived)
    {
        _since = clock.GetTimestamp();
        return _pause = lived >= Young ? TimeSpan.Zero : _pause == TimeSpan.Zero ? s_first : _pause * 2 < s_longest ? _pause * 2 : s_longest;
    }
}
