using System.Globalization;
using System.Net;
using System.Text;
using SslOrleans.Client.Evaluation;
using SslOrleans.Client.Pictures;

namespace SslOrleans.Client.Results;

/// <summary>A table as people read it: pure functions of its runs.</summary>
public static class ResultsPages
{
    /// <summary>Values that come first, with their headings; other accuracies follow by name. What has a dot is one of a probe's settings.</summary>
    private static readonly (string Name, string Heading)[] s_headings = [("linear", "linear"), ("knn", "kNN, last"), ("knn.best", "kNN, best"), ("finetune", "fine-tuned"), ("rankme", "RankMe")];

    /// <summary>A row a recipe: mean ± deviation over its seeds; hashes of the first seed.</summary>
    public static string Markdown(string title, IReadOnlyList<ResultsRun> runs)
    {
        var text = new StringBuilder();
        var columns = Columns(runs);
        var seeds = runs.Select(r => r.Seed).Distinct().Order().ToList();
        text.Append(CultureInfo.InvariantCulture, $"**{title}**: mean ± deviation over {(seeds.Count == 1 ? "seed" : "seeds")} {string.Join(", ", seeds)}; hashes of seed {seeds.FirstOrDefault()}.\n\n");
        Line(text, ["", .. columns.Select(c => c.Heading), "images/s", "hours", "weights", "ledger"]);
        Line(text, ["---", .. columns.Select(_ => "---:"), "---:", "---:", "---", "---"]);
        foreach (var row in runs.GroupBy(r => r.Row))
            Line(text, [Label(row), .. columns.Select(c => Cell(c.Name, Of(row, c.Name))), .. Cost(row), Code(First(row).Weights), Code(First(row).Ledger)]);
        var classes = runs.Select(r => r.Numerics).Where(n => n.Length > 0).Distinct().ToList();
        if (classes.Count > 0)
            text.Append(CultureInfo.InvariantCulture, $"\nNumerics class{(classes.Count > 1 ? "es" : "")}: {string.Join("; ", classes.Select(Code))}.\n");
        foreach (var failed in runs.Where(r => r.Failed.Length > 0))
            text.Append(CultureInfo.InvariantCulture, $"\nFailed: {failed.Row}, seed {failed.Seed}: {failed.Failed}\n");
        return text.ToString();
    }

    /// <summary>One page that asks nothing of any host.</summary>
    public static string Html(string title, IReadOnlyList<ResultsRun> runs)
    {
        var columns = Columns(runs);
        var html = new StringBuilder();
        html.Append($$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>{{WebUtility.HtmlEncode(title)}}</title>
            <style>
            :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
            body { max-width: 1100px; margin: 0 auto; padding: 16px; } main { overflow-x: auto; }
            table { border-collapse: collapse; font-size: 14px; } th, td { text-align: left; padding: 3px 14px 3px 0; border-bottom: 1px solid #8884; white-space: nowrap; }
            code { font-family: ui-monospace, monospace; font-size: 13px; } svg { max-width: 100%; height: auto; }
            </style></head><body><main>
            <h1>{{WebUtility.HtmlEncode(title)}}</h1>

            """);
        Rows(html, ["", .. columns.Select(c => c.Heading), "images/s", "hours"], runs.GroupBy(r => r.Row).Select(row => (IReadOnlyList<string>)[Label(row), .. columns.Select(c => Cell(c.Name, Of(row, c.Name))), .. Cost(row)]));
        html.Append(Figure(title, runs)).Append("<h2>Runs</h2>\n");
        Rows(html, ["row", "seed", .. columns.Select(c => c.Heading), "steps", "weights", "ledger", "numerics class"], runs.Select(r => (IReadOnlyList<string>)[
            r.Row, r.Seed.ToString(CultureInfo.InvariantCulture), .. columns.Select(c => Cell(c.Name, new SeedStatistics(r.Values.GetValueOrDefault(c.Name, double.NaN), double.NaN))),
            r.Steps.ToString(CultureInfo.InvariantCulture), r.Weights, r.Ledger, r.Failed.Length > 0 ? r.Failed : r.Numerics]));
        return html.Append("</main></body></html>\n").ToString();
    }

    /// <summary>Bars of the accuracies, with the deviation over seeds.</summary>
    public static string Figure(string title, IReadOnlyList<ResultsRun> runs)
    {
        var columns = Columns(runs).Where(c => ProbeText.IsAccuracy(c.Name) && c.Name != "knn.best").ToList();
        return BarChart.Draw(title, [.. columns.Select(c => c.Heading)], [.. runs.GroupBy(r => r.Row).Select(row => (row.Key, (IReadOnlyList<SeedStatistics>)[.. columns.Select(c => Of(row, c.Name))]))]);
    }

    private static List<(string Name, string Heading)> Columns(IReadOnlyList<ResultsRun> runs)
    {
        var names = runs.SelectMany(r => r.Values.Keys).Distinct().ToList();
        return [.. s_headings.Where(h => names.Contains(h.Name)),
            .. names.Where(n => ProbeText.IsAccuracy(n) && s_headings.All(h => h.Name != n) && !n.Contains('.')).Order(StringComparer.Ordinal).Select(n => (n, n))];
    }

    private static SeedStatistics Of(IEnumerable<ResultsRun> runs, string name) => SeedStatistics.Of(runs.Where(r => r.Values.ContainsKey(name)).Select(r => r.Values[name]));

    private static string Label(IGrouping<string, ResultsRun> row) => row.Any(r => r.Failed.Length > 0) ? $"{row.Key} (failed)" : row.Key;

    private static ResultsRun First(IEnumerable<ResultsRun> row) => row.MinBy(r => r.Seed)!;

    private static string[] Cost(IEnumerable<ResultsRun> row) => row.All(r => r.Steps == 0)
        ? ["", ""]
        : [SeedStatistics.Of(row.Where(r => r.Steps > 0).Select(r => r.ImagesPerSecond)).Mean.ToString("F0", CultureInfo.InvariantCulture), SeedStatistics.Of(row.Where(r => r.Steps > 0).Select(r => r.Seconds / 3600)).Mean.ToString("F3", CultureInfo.InvariantCulture)];

    private static string Cell(string name, SeedStatistics value)
    {
        if (double.IsNaN(value.Mean))
            return "";
        var (scale, format) = ProbeText.IsAccuracy(name) ? (100, "F1") : (1, "F1");
        var mean = (value.Mean * scale).ToString(format, CultureInfo.InvariantCulture);
        return double.IsNaN(value.Deviation) ? mean : $"{mean} ± {(value.Deviation * scale).ToString(format, CultureInfo.InvariantCulture)}";
    }

    private static string Code(string text) => text.Length == 0 ? "" : $"`{text}`";

    private static void Line(StringBuilder text, IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static void Rows(StringBuilder html, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        html.Append("<table><thead><tr>");
        foreach (var heading in headings)
            html.Append(CultureInfo.InvariantCulture, $"<th>{WebUtility.HtmlEncode(heading)}</th>");
        html.Append("</tr></thead><tbody>\n");
        foreach (var row in rows)
            html.Append("<tr>").AppendJoin("", row.Select(c => $"<td>{WebUtility.HtmlEncode(c)}</td>")).Append("</tr>\n");
        html.Append("</tbody></table>\n");
    }
}
