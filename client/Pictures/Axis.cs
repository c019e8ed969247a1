using System.Globalization;

namespace SslOrleans.Client.Pictures;

/// <summary>A linear axis with round marks.</summary>
public sealed class Axis
{
    public Axis(double low, double high, int marks)
    {
        if (!(high > low))
        {
            // One value, or none: some room around it.
            var around = low == 0 || !double.IsFinite(low) ? 1 : Math.Abs(low) * 0.1;
            (low, high) = double.IsFinite(low) ? (low - around, low + around) : (0, 1);
        }

        Step = RoundStep((high - low) / Math.Max(1, marks));
        Low = Math.Floor((low / Step) + 1e-9) * Step;
        High = Math.Ceiling((high / Step) - 1e-9) * Step;
    }

    public double Low { get; }

    public double High { get; }

    /// <summary>Distance between marks: 1, 2 or 5 times a power of ten.</summary>
    public double Step { get; }

    public IEnumerable<double> Marks()
    {
        for (var i = 0; Low + (i * Step) <= High + (Step * 1e-6); i++)
            yield return Math.Round(Low + (i * Step), 12);
    }

    /// <summary>Where a value lies, 0 at <see cref="Low"/> and 1 at <see cref="High"/>.</summary>
    public double Share(double value) => (value - Low) / (High - Low);

    public static string Text(double mark) => Math.Abs(mark) >= 10_000
        ? mark.ToString("#,0", CultureInfo.InvariantCulture)
        : mark.ToString("0.####", CultureInfo.InvariantCulture);

    private static double RoundStep(double raw)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var factor = raw / power;
        return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
    }
}
