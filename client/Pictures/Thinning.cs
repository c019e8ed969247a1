using System.Globalization;
using System.Text;
using SslOrleans.Client.Training;

namespace SslOrleans.Client.Pictures;

/// <summary>Makes long curves drawable.</summary>
public static class Thinning
{
    /// <summary>
    /// An SVG path. Of the points that fall into one pixel column the first, lowest, highest and last are kept;
    /// a value that is not finite lifts the pen.
    /// </summary>
    public static string Path(IReadOnlyList<MetricPoint> points, Func<double, double> x, Func<double, double> y)
    {
        var path = new StringBuilder();
        var pen = false;
        for (var i = 0; i < points.Count;)
        {
            if (!double.IsFinite(points[i].Value))
            {
                pen = false;
                i++;
                continue;
            }

            var column = (int)x(points[i].Step);
            var end = i;
            while (end < points.Count && double.IsFinite(points[end].Value) && (int)x(points[end].Step) == column)
                end++;
            foreach (var kept in Keep(points, i, end))
            {
                path.Append(CultureInfo.InvariantCulture, $"{(pen ? 'L' : 'M')}{x(points[kept].Step):F1} {y(points[kept].Value):F1}");
                pen = true;
            }

            i = end;
        }

        return path.ToString();
    }

    /// <summary>The mean over a window of a fiftieth of the curve around each point.</summary>
    public static IReadOnlyList<MetricPoint> RunningMean(IReadOnlyList<MetricPoint> points)
    {
        var finite = points.Where(p => double.IsFinite(p.Value)).ToList();
        var half = Math.Max(1, finite.Count / 100);
        var smooth = new List<MetricPoint>(finite.Count);
        for (var i = 0; i < finite.Count; i++)
        {
            var (from, to) = (Math.Max(0, i - half), Math.Min(finite.Count, i + half + 1));
            var sum = 0.0;
            for (var j = from; j < to; j++)
                sum += finite[j].Value;
            smooth.Add(finite[i] with { Value = sum / (to - from) });
        }

        return smooth;
    }

    private static IEnumerable<int> Keep(IReadOnlyList<MetricPoint> points, int start, int end)
    {
        var (low, high) = (start, start);
        for (var i = start; i < end; i++)
        {
            if (points[i].Value < points[low].Value)
                low = i;
            if (points[i].Value > points[high].Value)
                high = i;
        }

        return new SortedSet<int> { start, low, high, end - 1 };
    }
}
