using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SslOrleans.Client.Pictures;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Reports;

/// <summary>One HTML page that says everything of a run and asks nothing of any host: what one sends to a colleague.</summary>
public static class RunReport
{
    private const int MostEvents = 500;

    /// <summary>The page.</summary>
    /// <exception cref="UserErrorException">There is no such run.</exception>
    public static async Task<string> Write(IRunStorage storage, string run, CancellationToken cancellation)
    {
        var recipe = await RunRecord.ReadRecipe(storage, run);
        var record = await RunRecord.Read(storage, run) ?? throw new UserErrorException($"Run {run} has no {RunRecord.FileName}; it was not begun by this program.");
        var entries = await Ledger.Read(storage, run, cancellation);
        var metrics = await MetricsLog.Read(storage, run, cancellation);
        var events = await EventLog.Read(storage, run, cancellation);
        var html = new StringBuilder();
        html.Append($$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
            <title>{{Text(run)}}</title>
            <style>
            :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
            body { max-width: 920px; margin: 0 auto; padding: 16px; }
            table { border-collapse: collapse; font-size: 14px; width: 100%; } th, td { text-align: left; padding: 3px 12px 3px 0; border-bottom: 1px solid #8884; vertical-align: top; }
            code { font-family: ui-monospace, monospace; font-size: 13px; overflow-wrap: anywhere; } svg, img { max-width: 100%; height: auto; }
            .killed, .failed { color: #c0392b; } summary { cursor: pointer; }
            </style></head><body>
            <h1>{{Text(run)}}</h1>

            """);
        Facts(html, recipe, record, entries);
        html.Append("<h2>Curves</h2>\n").Append(Curves(run, metrics, events)).Append('\n');
        Probes(html, metrics);
        Timeline(html, events, entries);
        Settings(html, recipe);
        await Pictures(html, storage, run, cancellation);
        html.Append(CultureInfo.InvariantCulture, $"<p>Written {DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC by <code>sslo report {Text(run)}</code>.</p>\n</body></html>\n");
        return html.ToString();
    }

    private static void Facts(StringBuilder html, Recipe recipe, RunRecord record, IReadOnlyList<LedgerEntry> entries)
    {
        var audit = entries.Count > 0 && record.Samples > 0 ? Ledger.Audit(entries, record.Samples, recipe.Batch.Effective, recipe.Batch.MicroBatches) : null;
        Table(html,
        [
            ("method", $"{recipe.Method} on {recipe.Backbone.Name}"),
            ("effective batch", $"{recipe.Batch.Effective} images in micro-batches of {recipe.Batch.Micro}"),
            ("data", $"{record.DataPath}, {record.Samples} images, fingerprint {record.DataFingerprint}"),
            ("begun", record.Created.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)),
            ("steps", $"{entries.Count}"),
            ("computing time", Format.Duration(TimeSpan.FromSeconds(entries.Sum(e => e.Seconds)))),
            ("numerics class", record.NumericsClass),
            ("ledger", audit?.Verdict ?? "no step yet"),
            ("weights", entries.Count > 0 ? entries[^1].Hash : ""),
            ("chain", entries.Count > 0 ? entries[^1].Chain : ""),
        ]);
    }

    private static string Curves(string run, IReadOnlyList<MetricsEntry> metrics, IReadOnlyList<RunEvent> events)
    {
        var series = metrics.SelectMany(m => m.Values.Select(v => (v.Key, Point: new MetricPoint(m.Step, v.Value)))).ToLookup(x => x.Key, x => x.Point);
        string[] first = ["loss", "learningRate", "imagesPerSecond", "gradientNorm"];
        var panels = first.Where(series.Contains).Select(n => new ChartPanel(n, [Curve(n)])).ToList();
        var shares = series.Select(s => s.Key).Where(n => Format.IsShare(n) && n != "dataWaitShare").Order(StringComparer.Ordinal).ToList();
        if (shares.Count > 0)
            panels.Insert(Math.Min(1, panels.Count), new ChartPanel("accuracy", [.. shares.Select(n => new Curve(n, [.. series[n]], Marks: true))], PerCent: true));
        var known = first.Concat(shares).ToHashSet();
        panels.AddRange(series.Select(s => s.Key).Where(n => !known.Contains(n) && !n.EndsWith("Seconds", StringComparison.Ordinal) && n is not ("seconds" or "workers" or "gradientMaximum" or "dataWaitShare"))
            .Order(StringComparer.Ordinal).Select(n => new ChartPanel(n, [Curve(n)])));
        return panels.Count == 0
            ? "<p>No step is committed yet.</p>"
            : CurveChart.Draw(run, panels, [.. events.Where(e => e.Kind is RunEventKind.Killed).Take(20).Select(e => new ChartEvent(e.Step, "killed"))]);

        Curve Curve(string name) => new(name, [.. series[name]], Smooth: series[name].Count() > 20);
    }

    private static void Probes(StringBuilder html, IReadOnlyList<MetricsEntry> metrics)
    {
        var probes = metrics.Where(m => !m.Values.ContainsKey("loss")).ToList();
        if (probes.Count == 0)
            return;
        html.Append("<h2>Probes</h2>\n");
        Table(html, probes.Select(p => ($"step {p.Step}", string.Join(", ", p.Values.Select(v => $"{v.Key} {Format.Probe(v.Key, v.Value)}")) + $" (weights {p.Hash})")));
    }

    private static void Timeline(StringBuilder html, IReadOnlyList<RunEvent> events, IReadOnlyList<LedgerEntry> entries)
    {
        html.Append("<h2>Events</h2>\n<table>\n");
        foreach (var e in events.TakeLast(MostEvents))
            html.Append(CultureInfo.InvariantCulture, $"<tr class=\"{Text(e.Kind.Name())}\"><td>{e.Time:HH:mm:ss}</td><td>step {e.Step}</td><td>{Text(e.Kind.Name())}</td><td>{Text(e.Text)}</td></tr>\n");
        html.Append("</table>\n");
        var lost = entries.Where(e => e.Lost.Count > 0).ToList();
        if (lost.Count == 0)
            return;
        html.Append("<details><summary>Leases that were lost and computed again</summary>\n");
        Table(html, lost.TakeLast(MostEvents).Select(e => ($"step {e.Step}", string.Join("; ", e.Lost.Select(l => $"{l.Worker}: micro-batches {string.Join(", ", l.Leaves)} ({l.Why})")))));
        html.Append("</details>\n");
    }

    private static void Settings(StringBuilder html, Recipe recipe)
    {
        html.Append("<h2>Recipe</h2>\n");
        var differences = RecipeReader.Differences(new Recipe(), recipe);
        Table(html, differences.Select(d => d.Split(": ", 2)).Select(p => (p[0], p[1])));
        html.Append("<details><summary>The whole recipe</summary><pre>").Append(Text(JsonNode.Parse(RecipeReader.Write(recipe))!.ToJsonString(RecipeReader.SerializerOptions))).Append("</pre></details>\n");
    }

    private static async Task Pictures(StringBuilder html, IRunStorage storage, string run, CancellationToken cancellation)
    {
        foreach (var path in (await storage.List($"{run}/", cancellation)).Where(p => Path.GetExtension(p) is ".png" or ".jpg"))
        {
            if (await storage.Read(path, cancellation) is not { } bytes)
                continue;
            var name = path[(run.Length + 1)..];
            html.Append(CultureInfo.InvariantCulture, $"<h3>{Text(name)}</h3><img alt=\"{Text(name)}\" src=\"data:image/{(name.EndsWith(".png", StringComparison.Ordinal) ? "png" : "jpeg")};base64,{Convert.ToBase64String(bytes)}\">\n");
        }
    }

    private static void Table(StringBuilder html, IEnumerable<(string Name, string Value)> rows)
    {
        html.Append("<table>\n");
        foreach (var (name, value) in rows)
            html.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{Text(name)}</th><td><code>{Text(value)}</code></td></tr>\n");
        html.Append("</table>\n");
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
