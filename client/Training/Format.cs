using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Evaluation;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Client.Training;

/// <summary>Numbers as people read them; the same in every view.</summary>
public static class Format
{
    private const string Blocks = "▁▂▃▄▅▆▇█";

    /// <summary>A word of a closed set.</summary>
    public static string Word(Enum value) => value.ToString().ToLowerInvariant();

    /// <summary>Five significant digits.</summary>
    public static string Number(double value) => value.ToString("G5", CultureInfo.InvariantCulture);

    /// <summary>A rate: whole above 100, one decimal below.</summary>
    public static string Rate(double value)
        => double.IsFinite(value) ? value.ToString(value >= 100 ? "N0" : "N1", CultureInfo.InvariantCulture) : "–";

    /// <summary>A share of 1 in per cent.</summary>
    public static string Percent(double share) => (share * 100).ToString("F1", CultureInfo.InvariantCulture) + " %";

    /// <summary>1:05, 2:03:45, 3 d 4 h.</summary>
    public static string Duration(TimeSpan time) => DurationText.Of(time);

    /// <summary>What is left at the present speed; empty while the speed is unknown.</summary>
    public static TimeSpan? TimeLeft(RunStatus status, int effectiveBatch)
        => status.ImagesPerSecond > 0 && status.TotalSteps > 0
            ? TimeSpan.FromSeconds(Math.Min((status.TotalSteps - status.Step) * (double)effectiveBatch / status.ImagesPerSecond, 365 * 86400.0))
            : null;

    /// <summary>A probe's value: shares as per cent, others as numbers.</summary>
    public static string Probe(string name, double value)
        => IsShare(name) ? Percent(value) : Number(value);

    /// <summary>True for values that are a share of 1.</summary>
    public static bool IsShare(string name)
        => ProbeText.IsAccuracy(name)
            || name.Contains("accuracy", StringComparison.OrdinalIgnoreCase)
            || name.Contains("share", StringComparison.OrdinalIgnoreCase)
            || name.Contains("top1", StringComparison.OrdinalIgnoreCase);

    /// <summary>A curve in one line of block characters, at most <paramref name="width"/> of them; each is the mean of its part.</summary>
    public static string Sparkline(IReadOnlyList<double> values, int width)
    {
        var count = Math.Min(width, values.Count);
        if (count <= 0)
            return "";
        var parts = new double[count];
        for (var i = 0; i < count; i++)
        {
            var (from, to) = ((int)((long)i * values.Count / count), (int)((long)(i + 1) * values.Count / count));
            var finite = values.Skip(from).Take(to - from).Where(double.IsFinite).ToList();
            parts[i] = finite.Count == 0 ? double.NaN : finite.Average();
        }

        var known = parts.Where(double.IsFinite).ToList();
        if (known.Count == 0)
            return new string(' ', count);
        var (low, high) = (known.Min(), known.Max());
        return string.Concat(parts.Select(p => !double.IsFinite(p) ? ' '
            : Blocks[high > low ? (int)Math.Min(7, (p - low) / (high - low) * 8) : 3]));
    }
}
