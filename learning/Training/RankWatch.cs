using System.Globalization;

namespace SslOrleans.Learning.Training;

/// <summary>
/// Partial collapse: the loss falls, no embedding is a point, and the features lose dimensions. Told by RankMe, where it is a probe of the run
/// (<c>evaluation.probes: ["rank"]</c>).
/// </summary>
public sealed class RankWatch
{
    /// <summary>The share of its highest value below which the rank is told.</summary>
    public const double Lost = 0.5;

    private double _highest;
    private bool _told;

    /// <summary>A warning when the rank has fallen to half of what it was, once; null otherwise.</summary>
    /// <param name="probed">A version's results.</param>
    public string? Look(IReadOnlyDictionary<string, double> probed)
    {
        if (!probed.TryGetValue("rankme", out var rank))
            return null;
        _highest = Math.Max(_highest, rank);
        if (_told || rank >= Lost * _highest)
            return null;
        _told = true;
        return string.Create(CultureInfo.InvariantCulture, $"the features lose dimensions: RankMe is {rank:F1} and was {_highest:F1}; look at the teacher's momentum, the masks and the learning rate");
    }
}
