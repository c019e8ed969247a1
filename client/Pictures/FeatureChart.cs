using System.Globalization;
using System.Net;
using System.Text;
using SslOrleans.Client.Training;
using SslOrleans.Learning.Evaluate;

namespace SslOrleans.Client.Pictures;

/// <summary>Features as SVG: the spectra of layers, and a map.</summary>
public static class FeatureChart
{
    private const int Side = 640;
    private const int Margin = 48;
    private const int Legend = 190;
    private const double Nothing = 1e-8;
    private static readonly string[] s_colours =
        ["#2f6fde", "#d9822b", "#2e9e6b", "#b54fc4", "#d64550", "#0f9fb5", "#8c6d31", "#6b7a90", "#e377a2", "#7fa600"];

    /// <summary>
    /// log₁₀ of the singular values over the largest, a curve a layer (cookbook Fig. 9): a curve that falls off a cliff has collapsed
    /// dimensions, and what a projector loses behind the backbone is the distance between the two.
    /// </summary>
    public static string Spectra(string title, IReadOnlyList<(string Layer, Spectrum Spectrum)> layers)
        => CurveChart.Draw(
            title,
            [new ChartPanel("log10 of the singular values over the largest", [.. layers.Select(l => new Curve(
                string.Create(CultureInfo.InvariantCulture, $"{l.Layer} (RankMe {RankMe.Of(l.Spectrum):F0} of {l.Spectrum.SingularValues.Length})"),
                [.. l.Spectrum.SingularValues.Select((s, i) => new MetricPoint(i + 1, Math.Log10(Math.Max(s / l.Spectrum.SingularValues[0], Nothing))))]))])],
            across: "number of the singular value");

    /// <summary>A dot an image, coloured by class where classes are known.</summary>
    /// <param name="title">Above it.</param>
    /// <param name="map">Coordinates.</param>
    /// <param name="labels">A class for each; null without.</param>
    /// <param name="classes">Their names; may be empty.</param>
    /// <param name="most">Dots that are drawn, evenly chosen.</param>
    public static string Map(string title, PrincipalMap map, int[]? labels, IReadOnlyList<string> classes, int most = 3000)
    {
        var (lowX, lowY) = (map.X.Min(), map.Y.Min());
        var scale = (Side - (2 * Margin)) / Math.Max(Math.Max(map.X.Max() - lowX, map.Y.Max() - lowY), float.Epsilon);
        var svg = new StringBuilder();
        SvgPage.Begin(svg, Side + Legend, Side + Margin, title, $"{map.X.Length} images on the first two principal components of their features.", Margin);
        SvgPage.Add(svg, $"""<text x="{Margin}" y="{Side + 24}">first component: {map.ShareX:P1} of the variance; second, upwards: {map.ShareY:P1}</text>""");
        var step = Math.Max(1, (map.X.Length + most - 1) / most);
        for (var i = 0; i < map.X.Length; i += step)
        {
            var colour = labels is null ? s_colours[0] : s_colours[labels[i] % s_colours.Length];
            SvgPage.Add(svg, $"""<circle cx="{Margin + ((map.X[i] - lowX) * scale):F1}" cy="{Side - ((map.Y[i] - lowY) * scale):F1}" r="2.6" fill="{colour}" fill-opacity="0.65"/>""");
        }

        var row = 0;
        foreach (var label in labels?.Distinct().Order().Take(24) ?? [])
        {
            var at = 64 + (22 * row++);
            var name = label < classes.Count ? classes[label] : $"class {label}";
            SvgPage.Add(svg, $"""<circle cx="{Side + 16}" cy="{at - 4}" r="5" fill="{s_colours[label % s_colours.Length]}"/><text x="{Side + 28}" y="{at}">{WebUtility.HtmlEncode(name)}</text>""");
        }

        svg.Append("</svg>\n");
        return svg.ToString();
    }
}
