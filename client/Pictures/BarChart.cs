using System.Net;
using System.Text;
using SslOrleans.Client.Evaluation;

namespace SslOrleans.Client.Pictures;

/// <summary>Bars of some accuracies for each of some arms.</summary>
public static class BarChart
{
    private const int Width = 860;
    private const int Left = 210;
    private const int Right = 80;
    private const int Top = 76;
    private const int Bar = 16;
    private static readonly string[] s_colours = ["#2f6fde", "#d9822b", "#2e9e6b", "#b54fc4"];

    /// <summary>The SVG text.</summary>
    /// <param name="title">Above it.</param>
    /// <param name="names">What the bars of an arm are.</param>
    /// <param name="arms">Of each arm its values, shares of 1, and deviations, which may be NaN like values that were not measured.</param>
    public static string Draw(string title, IReadOnlyList<string> names, IReadOnlyList<(string Arm, IReadOnlyList<SeedStatistics> Values)> arms)
    {
        var group = (Bar * names.Count) + 14;
        var height = Top + (group * arms.Count) + 28;
        var most = arms.SelectMany(a => a.Values).Select(v => v.Mean + (double.IsNaN(v.Deviation) ? 0 : v.Deviation)).Where(double.IsFinite).DefaultIfEmpty(1).Max();
        var axis = new Axis(0, Math.Max(100 * most, 1), 6);
        double X(double share) => Left + (axis.Share(100 * share) * (Width - Left - Right));

        var svg = new StringBuilder();
        SvgPage.Begin(svg, Width, height, title, string.Join(" ", arms.Select(a => FormattableString.Invariant($"{a.Arm}: {string.Join(", ", a.Values.Select((v, i) => FormattableString.Invariant($"{names[i]} {v.Mean:P1}")))}."))), 24);
        foreach (var mark in axis.Marks())
            SvgPage.Add(svg, $"""<line class="grid" x1="{X(mark / 100):F1}" x2="{X(mark / 100):F1}" y1="{Top - 8}" y2="{height - 26}"/><text x="{X(mark / 100):F1}" y="{height - 10}" text-anchor="middle">{Axis.Text(mark)} %</text>""");
        for (var n = 0; n < names.Count; n++)
            SvgPage.Add(svg, $"""<rect x="{Left + (n * 110)}" y="44" width="12" height="12" fill="{s_colours[n % s_colours.Length]}"/><text x="{Left + 18 + (n * 110)}" y="54">{WebUtility.HtmlEncode(names[n])}</text>""");
        for (var a = 0; a < arms.Count; a++)
        {
            var top = Top + (a * group);
            SvgPage.Add(svg, $"""<text x="{Left - 10}" y="{top + (Bar * names.Count / 2) + 4}" text-anchor="end">{WebUtility.HtmlEncode(arms[a].Arm)}</text>""");
            for (var n = 0; n < names.Count; n++)
            {
                var (value, deviation) = arms[a].Values[n];
                if (!double.IsFinite(value))
                    continue;
                var y = top + (n * Bar);
                SvgPage.Add(svg, $"""<rect class="bar" x="{Left}" y="{y}" width="{X(value) - Left:F1}" height="{Bar - 3}" fill="{s_colours[n % s_colours.Length]}"/>""");
                if (double.IsFinite(deviation))
                    SvgPage.Add(svg, $"""<line class="event" stroke-dasharray="none" x1="{X(Math.Max(0, value - deviation)):F1}" x2="{X(value + deviation):F1}" y1="{y + 6}" y2="{y + 6}"/>""");
                SvgPage.Add(svg, $"""<text x="{X(value + (double.IsFinite(deviation) ? deviation : 0)) + 6:F1}" y="{y + 11}">{100 * value:F1} %</text>""");
            }
        }

        svg.Append("</svg>\n");
        return svg.ToString();
    }
}
