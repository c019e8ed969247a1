namespace SslOrleans.Silo.Dashboard.Watching;

/// <summary>A curve as a page draws it: ascending steps, null where the value is not finite.</summary>
internal sealed record CurvePoints(IReadOnlyList<long> Steps, IReadOnlyList<double> Values, int Of);

/// <summary>All curves of a run.</summary>
internal sealed class CurveSet
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (List<long> Steps, List<double> Values)> _curves = [];

    public string[] Names
    {
        get
        {
            lock (_gate)
                return [.. _curves.Keys.Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Takes a step's numbers; a step that was seen before replaces what it gave then.</summary>
    public void Add(long step, IReadOnlyDictionary<string, double> values)
    {
        lock (_gate)
        {
            foreach (var (name, value) in values)
                Add(step, name, value);
        }
    }

    private void Add(long step, string name, double value)
    {
        if (!_curves.TryGetValue(name, out var curve))
            _curves[name] = curve = ([], []);
        if (curve.Steps.Count == 0 || curve.Steps[^1] < step)
        {
            curve.Steps.Add(step);
            curve.Values.Add(value);
        }
        else if (curve.Steps.BinarySearch(step) is >= 0 and var at)
        {
            curve.Values[at] = value;
        }
    }

    /// <summary>
    /// A curve between two steps in about <paramref name="most"/> points: of the points that share a column the first, lowest, highest
    /// and last are kept, so no spike is lost; a value that is not finite is kept too and leaves a gap.
    /// </summary>
    public CurvePoints Get(string name, long from, long to, int most)
    {
        lock (_gate)
            return Thin(name, from, to, most);
    }

    private CurvePoints Thin(string name, long from, long to, int most)
    {
        if (!_curves.TryGetValue(name, out var curve))
            return new CurvePoints([], [], 0);
        var start = Position(curve.Steps, from);
        var end = Position(curve.Steps, to == long.MaxValue ? to : to + 1);
        var count = end - start;
        if (count <= most)
            return new CurvePoints(curve.Steps.GetRange(start, count), curve.Values.GetRange(start, count), count);
        var (steps, values) = (new List<long>(most + 4), new List<double>(most + 4));
        var columns = Math.Max(1, most / 4);
        for (var column = 0; column < columns; column++)
        {
            var (a, b) = (start + (int)((long)count * column / columns), start + (int)((long)count * (column + 1) / columns));
            foreach (var kept in Keep(curve.Values, a, b))
            {
                steps.Add(curve.Steps[kept]);
                values.Add(curve.Values[kept]);
            }
        }

        return new CurvePoints(steps, values, count);
    }

    private static SortedSet<int> Keep(List<double> values, int a, int b)
    {
        var kept = new SortedSet<int> { a, b - 1 };
        var (low, high, bad) = (-1, -1, -1);
        for (var i = a; i < b; i++)
        {
            if (!double.IsFinite(values[i]))
                bad = i;
            else if (low < 0)
                low = high = i;
            else if (values[i] < values[low])
                low = i;
            else if (values[i] > values[high])
                high = i;
        }

        foreach (var i in new[] { low, high, bad })
        {
            if (i >= 0)
                kept.Add(i);
        }

        return kept;
    }

    private static int Position(List<long> steps, long step)
    {
        var at = steps.BinarySearch(step);
        return at >= 0 ? at : ~at;
    }
}
