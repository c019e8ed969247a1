using System.Globalization;

namespace SslOrleans.Learning.Training;

/// <summary>
/// Partial collapse: the loss falls, no embedding is a point, and the features lose dimensions. Told by RankMe, of every tenth step's features
/// (<see cref="OfSteps"/>) and of held-out images where it is a probe of the run (<c>evaluation.probes: ["rank"]</c>).
/// </summary>
/// <param name="smooth">Values whose mean is looked at: a step's features are few.</param>
public sealed class RankWatch(int smooth = 1)
{
    /// <summary>The rank among what a step reports.</summary>
    public const string OfSteps = FeatureRank.Name;

    /// <summary>Steps' values whose mean says something.</summary>
    public const int SmoothSteps = 4;

    /// <summary>The share of its highest value below which the rank is told.</summary>
    public const double Lost = 0.5;

    private readonly Queue<(double Rank, double Loss)> _last = [];
    private double _highest;
    private double _lossThere = double.NaN;
    private bool _told;

    /// <summary>A warning when the rank has fallen to half of what it was, and the loss has fallen too, once; null otherwise.</summary>
    /// <param name="rank">RankMe.</param>
    /// <param name="loss">Of the same step; NaN where it is not known, and the rank alone decides.</param>
    public string? Look(double rank, double loss = double.NaN)
    {
        _last.Enqueue((rank, loss));
        if (_last.Count > smooth)
            _last.Dequeue();
        if (_last.Count < smooth)
            return null;
        (rank, loss) = (_last.Average(l => l.Rank), _last.Average(l => l.Loss));
        if (rank > _highest)
            (_highest, _lossThere) = (rank, loss);
        if (_told || rank >= Lost * _highest || loss >= _lossThere)
            return null;
        _told = true;
        return string.Create(CultureInfo.InvariantCulture, $"the features lose dimensions{(double.IsNaN(loss) ? "" : " while the loss falls")}: RankMe is {rank:F1} and was {_highest:F1}; look at the teacher's momentum, the masks and the learning rate");
    }
}
