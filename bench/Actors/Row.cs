using System.Globalization;

namespace SslOrleans.Bench.Actors;

/// <summary>A measurement, beside what Microsoft.Orleans takes for it.</summary>
/// <param name="What">What was done.</param>
/// <param name="OrleansMilliseconds">Microsoft.Orleans' time.</param>
/// <param name="Milliseconds">The time here.</param>
/// <param name="TargetMilliseconds">A time that was promised and is shorter than Orleans'.</param>
internal sealed record Row(string What, double OrleansMilliseconds, double Milliseconds, double? TargetMilliseconds = null)
{
    /// <summary>One line if the row is slower than it may be, else null.</summary>
    public string? Complaint
    {
        get
        {
            var allowed = Math.Min(OrleansMilliseconds, TargetMilliseconds ?? double.PositiveInfinity);

            // Written so that a time that is no number is a complaint.
            return Milliseconds <= allowed
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"{What}: {Milliseconds:0.####} ms; it may take {allowed:0.####} ms, Microsoft Orleans takes {OrleansMilliseconds:0.####} ms.");
        }
    }
}
