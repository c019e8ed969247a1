using SslOrleans.Contracts;

namespace SslOrleans.Client.Sweep;

/// <summary>One combination of a grid.</summary>
/// <param name="Settings">Overrides, as <c>loss.temperature=0.1</c>.</param>
public sealed record SweepPoint(IReadOnlyList<string> Settings)
{
    /// <summary>For tables.</summary>
    public override string ToString() => string.Join(" ", Settings);

    /// <summary>The run's name: the same settings always find the same run.</summary>
    public string Run(string sweep)
        => $"{sweep}-{string.Join("-", Settings.Select(s => s[(s[..s.IndexOf('=')].LastIndexOf('.') + 1)..]))}"
            .Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_').Aggregate("", (a, c) => a + c);
}

/// <summary>Every combination of the values of <c>--grid key=v1,v2</c>.</summary>
public static class SweepGrid
{
    /// <exception cref="UserErrorException">A grid is not written as key=v1,v2, or a key is there twice.</exception>
    public static IReadOnlyList<SweepPoint> Of(IReadOnlyList<string> grids)
    {
        if (grids.Count == 0)
            throw new UserErrorException("--grid is missing; name a key of the recipe and its values, as in --grid loss.temperature=0.05,0.1,0.2.");
        var keys = grids.Select(g => g.Split('=')[0]).ToList();
        if (keys.GroupBy(k => k).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new UserErrorException($"--grid {twice.Key} is there {twice.Count()} times; put its values together, as in --grid {twice.Key}=1,2.");
        IEnumerable<SweepPoint> points = [new([])];
        foreach (var grid in grids)
        {
            var (key, values) = Read(grid);
            points = points.SelectMany(p => values.Select(v => new SweepPoint([.. p.Settings, $"{key}={v}"])));
        }

        return [.. points];
    }

    private static (string Key, IReadOnlyList<string> Values) Read(string grid)
    {
        var equals = grid.IndexOf('=');
        if (equals <= 0)
            throw new UserErrorException($"--grid {grid}: write it as key=v1,v2, as in --grid loss.temperature=0.05,0.1,0.2.");
        var values = new List<string> { "" };
        var depth = 0;
        foreach (var c in grid[(equals + 1)..])
        {
            // A comma within a list or an object belongs to the value.
            depth += c is '[' or '{' ? 1 : c is ']' or '}' ? -1 : 0;
            if (c == ',' && depth == 0)
                values.Add("");
            else
                values[^1] += c;
        }

        return values.Any(v => v.Length == 0)
            ? throw new UserErrorException($"--grid {grid}: a value is empty; separate values by single commas.")
            : (grid[..equals], values);
    }
}
