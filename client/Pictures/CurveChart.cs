using System.Globalization;
using System.Net;
using System.Text;
using SslOrleans.Client.Training;

namespace SslOrleans.Client.Pictures;

/// <summary>One curve.</summary>
/// <param name="Name">As the legend says it.</param>
/// <param name="Points">By step; values that are not finite leave a gap.</param>
/// <param name="Smooth">Draw a running mean boldly over the pale points.</param>
/// <param name="Marks">Draw a dot with its value at each point: for few points.</param>
public sealed record Curve(string Name, IReadOnlyList<MetricPoint> Points, bool Smooth = false, bool Marks = false);

/// <summary>Curves that share a vertical axis.</summary>
/// <param name="Title">Above the panel, with the unit.</param>
/// <param name="Curves">At least one.</param>
/// <param name="PerCent">Values are shares of 1 and the axis is in per cent.</param>
public sealed record ChartPanel(string Title, IReadOnlyList<Curve> Curves, bool PerCent = false);

/// <summary>Something that happened at a step: a dashed line through all panels.</summary>
public readonly record struct ChartEvent(long Step, string Text);

/// <summary>
/// Line charts below each other over the same steps, as one self-contained SVG that follows the reader's light or dark scheme.
/// Long curves are thinned to the lowest and highest value of each pixel column, so that no spike is lost.
/// </summary>
public static class CurveChart
{
    private const int Width = 860;
    private const int PanelHeight = 220;
    private const int Left = 64;
    private const int Right = 24;
    private const int Top = 72;
    private const int Gap = 56;
    private const int LabelRoom = 56;
    private static readonly string[] s_colours = ["#2f6fde", "#d9822b", "#2e9e6b", "#b54fc4", "#d64550", "#6b7a90"];

    /// <summary>The SVG text.</summary>
    /// <param name="title">Above all panels.</param>
    /// <param name="panels">From top to bottom.</param>
    /// <param name="events">Dashed lines through all panels.</param>
    /// <param name="across">What the horizontal axis counts.</param>
    public static string Draw(string title, IReadOnlyList<ChartPanel> panels, IReadOnlyList<ChartEvent>? events = null, string across = "steps")
    {
        var height = Top + (panels.Count * (PanelHeight + Gap)) + 16;
        var steps = panels.SelectMany(p => p.Curves).SelectMany(c => c.Points).Select(p => (double)p.Step).DefaultIfEmpty(0).ToList();
        var x = new StepScale(0, Math.Max(1, steps.Max()));
        var svg = new StringBuilder();
        SvgPage.Begin(svg, Width, height, title, Describe(panels), Left);
        for (var i = 0; i < panels.Count; i++)
            DrawPanel(svg, panels[i], x, Top + (i * (PanelHeight + Gap)), events ?? [], i == 0, i == panels.Count - 1 ? across : null);
        svg.Append("</svg>\n");
        return svg.ToString();
    }

    private static void DrawPanel(StringBuilder svg, ChartPanel panel, StepScale x, int top, IReadOnlyList<ChartEvent> events, bool first, string? across)
    {
        var scale = panel.PerCent ? 100.0 : 1.0;
        var values = panel.Curves.SelectMany(c => c.Points).Select(p => p.Value * scale).Where(double.IsFinite).DefaultIfEmpty(0).ToList();
        var y = new Axis(values.Min(), values.Max(), 4);
        double Y(double value) => top + PanelHeight - (y.Share(value * scale) * PanelHeight);

        Add(svg, $"""<text class="panel" x="{Left}" y="{top - 10}">{Escape(panel.Title)}</text>""");
        foreach (var mark in y.Marks())
        {
            var at = top + PanelHeight - (y.Share(mark) * PanelHeight);
            Add(svg, $"""<line class="grid" x1="{Left}" x2="{Width - Right}" y1="{at:F1}" y2="{at:F1}"/><text x="{Left - 8}" y="{at + 4:F1}" text-anchor="end">{Axis.Text(mark)}{(panel.PerCent ? " %" : "")}</text>""");
        }

        foreach (var mark in x.Marks())
            Add(svg, $"""<text x="{x.At(mark):F1}" y="{top + PanelHeight + 18}" text-anchor="middle">{Axis.Text(mark)}</text>""");
        if (across is not null)
            Add(svg, $"""<text x="{Width - Right}" y="{top + PanelHeight + 36}" text-anchor="end">{across}</text>""");
        foreach (var e in events)
        {
            Add(svg, $"""<line class="event" x1="{x.At(e.Step):F1}" x2="{x.At(e.Step):F1}" y1="{top}" y2="{top + PanelHeight}"><title>{Escape($"step {e.Step}: {e.Text}")}</title></line>""");
            if (first)
                Add(svg, $"""<text x="{x.At(e.Step) + 4:F1}" y="{top + 12}">{Escape(e.Text)}</text>""");
        }

        for (var i = 0; i < panel.Curves.Count; i++)
            DrawCurve(svg, panel.Curves[i], x, Y, s_colours[i % s_colours.Length], scale, panel.PerCent);
        if (panel.Curves.Count > 1)
            DrawLegend(svg, panel, top);
    }

    private static void DrawCurve(StringBuilder svg, Curve curve, StepScale x, Func<double, double> y, string colour, double scale, bool perCent)
    {
        var title = $"<title>{Escape(curve.Name)}</title>";
        var pale = curve.Smooth ? """ stroke-opacity="0.3" stroke-width="1" """ : """ stroke-width="2" """;
        Add(svg, $"""<path stroke="{colour}"{pale}d="{Thinning.Path(curve.Points, x.At, y)}">{title}</path>""");
        if (curve.Smooth)
            Add(svg, $"""<path stroke="{colour}" stroke-width="2" d="{Thinning.Path(Thinning.RunningMean(curve.Points), x.At, y)}">{title}</path>""");
        if (!curve.Marks)
            return;
        // From the last point back, so that the last value is always written and none is written over another.
        var free = double.PositiveInfinity;
        foreach (var point in curve.Points.Where(p => double.IsFinite(p.Value)).Reverse())
        {
            var text = (point.Value * scale).ToString("0.0", CultureInfo.InvariantCulture) + (perCent ? " %" : "");
            var at = x.At(point.Step);
            var anchor = at < Left + 20 ? "start" : at > Width - Right - 40 ? "end" : "middle";
            Add(svg, $"""<circle cx="{at:F1}" cy="{y(point.Value):F1}" r="3.5" fill="{colour}"><title>{Escape($"{curve.Name} at step {point.Step}: {text}")}</title></circle>""");
            if (at > free - LabelRoom)
                continue;
            Add(svg, $"""<text x="{at:F1}" y="{y(point.Value) - 9:F1}" text-anchor="{anchor}">{text}</text>""");
            free = anchor == "end" ? at - LabelRoom / 2.0 : at;
        }
    }

    private static void DrawLegend(StringBuilder svg, ChartPanel panel, int top)
    {
        var at = Width - Right;
        if ((panel.Title.Length * 8) + panel.Curves.Sum(c => (c.Name.Length * 7) + 36) > Width - Left - Right)
        {
            // Too long for the title's line: below each other, inside the panel.
            for (var i = 0; i < panel.Curves.Count; i++)
            {
                Add(svg, $"""<text x="{at - 22}" y="{top + 16 + (i * 18)}" text-anchor="end">{Escape(panel.Curves[i].Name)}</text>""");
                Add(svg, $"""<line x1="{at - 14}" x2="{at}" y1="{top + 12 + (i * 18)}" y2="{top + 12 + (i * 18)}" stroke="{s_colours[i % s_colours.Length]}" stroke-width="3"/>""");
            }

            return;
        }

        for (var i = panel.Curves.Count - 1; i >= 0; i--)
        {
            Add(svg, $"""<text x="{at}" y="{top - 10}" text-anchor="end">{Escape(panel.Curves[i].Name)}</text>""");
            at -= (panel.Curves[i].Name.Length * 7) + 8;
            Add(svg, $"""<line x1="{at - 14}" x2="{at}" y1="{top - 14}" y2="{top - 14}" stroke="{s_colours[i % s_colours.Length]}" stroke-width="3"/>""");
            at -= 28;
        }
    }

    private static string Describe(IReadOnlyList<ChartPanel> panels)
        => string.Join(" ", panels.SelectMany(p => p.Curves.Where(c => c.Points.Count > 0).Select(c =>
            string.Create(CultureInfo.InvariantCulture, $"{c.Name}: {c.Points[0].Value:G4} at step {c.Points[0].Step}, {c.Points[^1].Value:G4} at step {c.Points[^1].Step}."))));

    private static void Add(StringBuilder svg, FormattableString text) => SvgPage.Add(svg, text);

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    /// <summary>Steps to pixels; the marks end where the steps end.</summary>
    private sealed class StepScale(double low, double high)
    {
        public double At(double step) => Left + ((step - low) / (high - low) * (Width - Left - Right));

        public IEnumerable<double> Marks() => new Axis(low, high, 8).Marks().Where(m => m <= high && m == Math.Floor(m));
    }
}
