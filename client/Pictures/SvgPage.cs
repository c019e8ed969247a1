using System.Globalization;
using System.Net;
using System.Text;

namespace SslOrleans.Client.Pictures;

/// <summary>What all SVG pictures share: paper, letters and colours that follow the reader's light or dark scheme.</summary>
internal static class SvgPage
{
    /// <summary>Opens the picture and writes its title.</summary>
    public static void Begin(StringBuilder svg, int width, int height, string title, string description, int left) => svg.Append(CultureInfo.InvariantCulture, $"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="title description">
        <title id="title">{WebUtility.HtmlEncode(title)}</title>
        <desc id="description">{WebUtility.HtmlEncode(description)}</desc>
        <style>
        text {"{"} font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #5d6975 {"}"}
        .paper {"{"} fill: #ffffff {"}"}
        .title {"{"} font-size: 17px; font-weight: 600 {"}"}
        .panel {"{"} font-size: 13px; font-weight: 600 {"}"}
        .title, .panel {"{"} fill: #1d2733 {"}"}
        .grid {"{"} stroke: #e3e8ee; stroke-width: 1 {"}"}
        .event {"{"} stroke: #66727f; stroke-width: 1; stroke-dasharray: 3 4 {"}"}
        path {"{"} fill: none; stroke-linejoin: round; stroke-linecap: round {"}"}
        @media (prefers-color-scheme: dark) {"{"}
          text {"{"} fill: #98a4b0 {"}"}
          .paper {"{"} fill: #14191f {"}"}
          .title, .panel {"{"} fill: #e8edf2 {"}"}
          .grid {"{"} stroke: #2a323b {"}"}
          .event {"{"} stroke: #98a4b0 {"}"}
        {"}"}
        </style>
        <rect class="paper" width="{width}" height="{height}"/>
        <text class="title" x="{left}" y="30">{WebUtility.HtmlEncode(title)}</text>

        """);

    /// <summary>A line, with numbers as SVG wants them.</summary>
    public static void Add(StringBuilder svg, FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
