using System.Diagnostics;

namespace SslOrleans.Client.Chaos;

/// <summary>How long things are done to a process.</summary>
internal static class ChaosPause
{
    /// <summary>Of a hang, and of being slow.</summary>
    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits for so long, or until there is no reason to any more.</summary>
    /// <returns>True when the condition ended it.</returns>
    public static async Task<bool> Wait(TimeSpan time, Func<bool> until)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < time;)
        {
            if (until())
                return true;
            await Task.Delay(s_look);
        }

        return until();
    }

    /// <summary>Stops something and lets it go, over and over.</summary>
    public static async Task Stutter(Action stop, Action goOn)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Hang;)
        {
            stop();
            await Task.Delay(3 * s_look);
            goOn();
            await Task.Delay(s_look);
        }
    }
}
