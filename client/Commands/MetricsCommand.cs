using System.CommandLine;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo metrics RUN</c>: its curves as a table, as CSV, or as TensorBoard's event files.</summary>
public static class MetricsCommand
{
    public static Command Build(Screen screen)
    {
        var run = new Argument<string>("run") { Description = "Name of the run." };
        var runs = CommonOptions.Runs();
        var metric = new Option<string[]>("--metric") { Description = "Only this one; may be given again. All by default.", HelpName = "name", DefaultValueFactory = _ => [] };
        var csv = new Option<bool>("--csv") { Description = "Every value on standard output: a line for each step, a column for each metric." };
        var board = new Option<string?>("--tensorboard") { Description = "Writes an event file for TensorBoard into FOLDER/RUN.", HelpName = "folder" };
        var command = new Command("metrics", "A run's curves as a table, as CSV, or for TensorBoard.") { run, runs, metric, csv, board };
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = parsed.GetRequiredValue(run);
            var storage = RunStorage.Open(parsed.GetRequiredValue(runs));
            await RunRecord.ReadRecipe(storage, name);
            var curves = Choose(await MetricsLog.Read(storage, name, cancellation), parsed.GetValue(metric)!, name);
            if (parsed.GetValue(board) is { } folder)
                await WriteBoard(screen, storage, name, curves, Path.Combine(folder, name), cancellation);
            else if (parsed.GetValue(csv))
                WriteCsv(screen, curves);
            else
                WriteTable(screen, curves);
            return ExitCodes.Well;
        });
        return command;
    }

    /// <summary>Values by step; of a step with several lines, all values together.</summary>
    private static SortedDictionary<long, SortedDictionary<string, double>> Choose(IReadOnlyList<MetricsEntry> entries, string[] wanted, string run)
    {
        var names = entries.SelectMany(e => e.Values.Keys).ToHashSet();
        foreach (var unknown in wanted.Where(w => !names.Contains(w)))
        {
            var nearest = RecipeKeys.Nearest(unknown, names);
            throw new UserErrorException($"Run {run} has no metric {unknown}{(nearest is null ? "" : $"; did you mean {nearest}?")} `sslo metrics {run}` lists them.");
        }

        var steps = new SortedDictionary<long, SortedDictionary<string, double>>();
        foreach (var entry in entries)
        {
            foreach (var (name, value) in entry.Values.Where(v => wanted.Length == 0 || wanted.Contains(v.Key)))
            {
                if (!steps.TryGetValue(entry.Step, out var values))
                    steps[entry.Step] = values = new(StringComparer.Ordinal);
                values[name] = value;
            }
        }

        return steps;
    }

    private static void WriteCsv(Screen screen, SortedDictionary<long, SortedDictionary<string, double>> steps)
    {
        var names = Names(steps);
        screen.Output.Write($"step,{string.Join(',', names.Select(Quote))}\n");
        foreach (var (step, values) in steps)
        {
            var cells = names.Select(n => values.TryGetValue(n, out var v) ? v.ToString("R", CultureInfo.InvariantCulture) : "");
            screen.Output.Write(string.Create(CultureInfo.InvariantCulture, $"{step},{string.Join(',', cells)}\n"));
        }
    }

    private static void WriteTable(Screen screen, SortedDictionary<long, SortedDictionary<string, double>> steps)
    {
        var rows = new List<IReadOnlyList<string>>();
        foreach (var name in Names(steps))
        {
            var points = steps.Where(s => s.Value.ContainsKey(name)).Select(s => (Step: s.Key, Value: s.Value[name])).ToList();
            var finite = points.Where(p => double.IsFinite(p.Value)).ToList();
            var (low, high) = finite.Count == 0 ? (double.NaN, double.NaN) : (finite.Min(p => p.Value), finite.Max(p => p.Value));
            if (screen.Json)
                screen.JsonLine(new { metric = name, points = points.Count, notFinite = points.Count - finite.Count, first = points[0].Value, last = points[^1].Value, lastStep = points[^1].Step, lowest = low, highest = high });
            rows.Add([name, $"{points.Count}", Format.Probe(name, points[0].Value), Format.Probe(name, points[^1].Value), Format.Probe(name, low), Format.Probe(name, high), Format.Sparkline([.. points.Select(p => p.Value)], 30)]);
        }

        if (!screen.Json)
            screen.Table(["metric", "points", "first", "last", "lowest", "highest", "curve"], rows);
    }

    private static async Task WriteBoard(
        Screen screen, IRunStorage storage, string run, SortedDictionary<long, SortedDictionary<string, double>> steps, string folder, CancellationToken cancellation)
    {
        var record = await RunRecord.Read(storage, run);
        var times = (await Ledger.Read(storage, run, cancellation)).Select(e => e.Time).ToList();
        var begun = record?.Created ?? DateTimeOffset.UtcNow;
        var writer = TorchSharp.torch.utils.tensorboard.SummaryWriter(folder);
        foreach (var (step, values) in steps)
        {
            // A probe after the last step has that step's time.
            var time = times.Count == 0 ? begun : times[(int)Math.Min(step, times.Count - 1)];
            foreach (var (name, value) in values)
                writer.add_scalar(name, (float)value, checked((int)step), time.ToUnixTimeSeconds());
        }

        if (screen.Json)
            screen.JsonLine(new { folder = Path.GetFullPath(folder), steps = steps.Count });
        else
            screen.Line($"{steps.Count} steps in {ProjectFiles.Short(folder)}; look with: tensorboard --logdir {ProjectFiles.Short(Path.GetDirectoryName(folder)!)}");
    }

    private static string[] Names(SortedDictionary<long, SortedDictionary<string, double>> steps)
        => [.. steps.Values.SelectMany(v => v.Keys).Distinct().Order(StringComparer.Ordinal)];

    private static string Quote(string name) => name.AsSpan().ContainsAny(",\"\n") ? $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : name;
}
