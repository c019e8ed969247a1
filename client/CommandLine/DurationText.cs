namespace SslOrleans.Client.CommandLine;

/// <summary>A time span as people read it.</summary>
public static class DurationText
{
    /// <summary>1:05, 2:03:45, 3 d 4 h.</summary>
    public static string Of(TimeSpan time)
    {
        if (time.TotalDays >= 2)
            return $"{(int)time.TotalDays} d {time.Hours} h";
        return time.TotalHours >= 1
            ? $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}"
            : $"{time.Minutes}:{time.Seconds:00}";
    }
}
