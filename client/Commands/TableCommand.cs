using System.CommandLine;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Results;
using SslOrleans.Client.Sweep;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Silo;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo table</c>: recipes × seeds × probes as one table, every run of which can be computed again from its ledger.</summary>
public static class TableCommand
{
    public static Command Build(Screen screen, ITrainingSessions sessions)
    {
        var file = new Argument<string>("file") { Description = "What to train and measure, as docs/tables/*.jsonc." };
        var data = CommonOptions.Data();
        var set = CommonOptions.Set();
        var runs = CommonOptions.Runs();
        var workers = WorkerCount.Option();
        var device = new Option<string?>("--device") { Description = "cpu, cuda or cuda:N." };
        var folder = new Option<string?>("--out") { Description = "Folder for NAME.md, .csv, .html and .svg; the folder of the runs by default.", HelpName = "folder" };
        var check = new Option<string?>("--check") { Description = "Trains one row again, from nothing, and compares its weights with the table's CSV file.", HelpName = "row" };
        var seed = new Option<ulong>("--seed") { Description = "Seed of --check." };
        var command = new Command("table", "Trains recipes with several seeds, measures them alike, writes one table. The same call goes on after a kill.")
        {
            file, data, set, runs, workers, device, folder, check, seed,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(file);
            var plan = ResultsPlan.Read(path);
            var kept = parsed.GetRequiredValue(runs);
            var sweep = new SweepRunner(screen, sessions, kept, parsed.GetValue(workers), Devices.Parse(parsed.GetValue(device)), plan.Probes);
            var runner = new ResultsRunner(sweep, plan, kept, parsed.GetValue(data), parsed.GetValue(set)!);
            var to = parsed.GetValue(folder) ?? kept;
            return parsed.GetValue(check) is { } row
                ? await Check(screen, plan, runner, row, parsed.GetValue(seed), Path.Combine(to, $"{plan.Name}.csv"), cancellation)
                : await Train(screen, plan, runner, to, cancellation);
        });
        return command;
    }

    private static async Task<int> Train(Screen screen, ResultsPlan plan, ResultsRunner runner, string folder, CancellationToken cancellation)
    {
        var done = new List<ResultsRun>();
        var all = plan.Rows.Count * plan.Seeds.Count;
        await foreach (var run in runner.All(cancellation))
        {
            done.Add(run);
            screen.Note(string.Create(CultureInfo.InvariantCulture, $"{done.Count} of {all}: {run.Row}, seed {run.Seed}{(run.Failed.Length > 0 ? ": failed" : "")}"));
            if (screen.Json)
                screen.JsonLine(run);
            Write(plan, done, folder);
        }

        if (done.Count < all)
        {
            screen.Note($"stopped after {done.Count} of {all} runs; the same call goes on");
            return ExitCodes.Failed;
        }

        screen.Line(ResultsPages.Markdown(plan.Title, done).TrimEnd());
        screen.Note($"written: {ProjectFiles.Short(Path.Combine(folder, plan.Name))}.md, .csv, .html, .svg");
        return done.All(r => r.Failed.Length == 0) ? ExitCodes.Well : ExitCodes.Failed;
    }

    private static void Write(ResultsPlan plan, IReadOnlyList<ResultsRun> runs, string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, plan.Name);
        foreach (var (ending, text) in new[]
        {
            ("md", ResultsPages.Markdown(plan.Title, runs)), ("csv", ResultsCsv.Write(runs)), ("html", ResultsPages.Html(plan.Title, runs)), ("svg", ResultsPages.Figure(plan.Title, runs)),
        })
        {
            File.WriteAllText($"{path}.{ending}.new", text);
            File.Move($"{path}.{ending}.new", $"{path}.{ending}", overwrite: true);
        }
    }

    private static async Task<int> Check(Screen screen, ResultsPlan plan, ResultsRunner runner, string name, ulong seed, string csv, CancellationToken cancellation)
    {
        var row = plan.Rows.FirstOrDefault(r => r.Name == name && !r.Untrained)
            ?? throw new UserErrorException($"--check is \"{name}\"; use one of {string.Join(", ", plan.Rows.Where(r => !r.Untrained).Select(r => r.Name))}.");
        var published = ResultsCsv.Read(csv).FirstOrDefault(r => r.Row == name && r.Seed == seed && r.Weights.Length > 0)
            ?? throw new UserErrorException($"{csv} has no weights of row {name} with seed {seed}; it has seeds {string.Join(", ", ResultsCsv.Read(csv).Where(r => r.Row == name).Select(r => r.Seed))}.");
        if (await runner.One(row, seed, $"{plan.RunOf(row, seed)}-check", cancellation) is not { } own)
        {
            screen.Note("stopped; the same call goes on");
            return ExitCodes.Failed;
        }

        var (same, comparable) = (own.Weights == published.Weights, own.Numerics == published.Numerics);
        if (screen.Json)
            screen.JsonLine(new { row = name, seed, same, comparable, own = own.Weights, published = published.Weights, ownNumerics = own.Numerics, publishedNumerics = published.Numerics });
        screen.Line($"published  {published.Weights}  {published.Numerics}");
        screen.Line($"here       {own.Weights}  {own.Numerics}");
        screen.Line(same ? "the same weights, bit for bit" : comparable ? "OTHER WEIGHTS on a machine of the same class" : "another numerics class: the weights need not be the same, compare the accuracies");
        return same ? ExitCodes.Well : ExitCodes.Failed;
    }
}
