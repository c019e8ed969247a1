using SslOrleans.Silo;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Sweep;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo sweep</c>: trains a recipe with every combination of some settings and picks one without labels.</summary>
public static class SweepCommand
{
    public static Command Build(Screen screen, ITrainingSessions sessions)
    {
        var recipe = CommonOptions.Recipe();
        var grid = new Option<string[]>("--grid")
        {
            Description = "A key and its values: --grid loss.temperature=0.05,0.1,0.2. May be given again; all combinations are trained.",
            HelpName = "key=v1,v2",
            DefaultValueFactory = _ => [],
        };
        var select = new Option<string>("--select") { Description = $"What picks the run: {string.Join(", ", SweepTable.Criteria.Select(c => c.Name))}.", DefaultValueFactory = _ => "rankme" };
        var budget = new Option<double?>("--budget") { Description = "Minutes after which no further run is begun; the same call goes on later.", HelpName = "minutes" };
        var stopEarly = new Option<string?>("--stop-early")
        {
            Description = "Stops a run at a probe when this metric (knn, rankme, std …) is below the median of the finished runs; the recipe needs evaluation.everyEpochs.",
            HelpName = "metric",
        };
        var name = new Option<string?>("--name") { Description = "First part of the runs' names; the recipe's name by default." };
        var data = CommonOptions.Data();
        var set = CommonOptions.Set();
        var runs = CommonOptions.Runs();
        var workers = WorkerCount.Option();
        var device = new Option<string?>("--device") { Description = "cpu, cuda or cuda:N." };
        var command = new Command("sweep", "Trains a recipe with every combination of some settings, measures each run, and picks one. The same call goes on after a kill.")
        {
            recipe, grid, select, budget, stopEarly, name, data, set, runs, workers, device,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var criterion = SweepTable.Criteria.FirstOrDefault(c => c.Name == parsed.GetRequiredValue(select))
                ?? throw new UserErrorException($"--select is \"{parsed.GetRequiredValue(select)}\"; use one of {string.Join(", ", SweepTable.Criteria.Select(c => c.Name))}.");
            var file = ProjectFiles.FindRecipe(parsed.GetRequiredValue(recipe));
            var points = SweepGrid.Of(parsed.GetValue(grid)!);

            // Every recipe is read before the first is trained: a wrong value should cost no night.
            var recipes = points.Select(p => RecipeReader.Read(file, [.. parsed.GetValue(set)!, .. p.Settings])).ToList();
            var sweep = parsed.GetValue(name) ?? recipes[0].Name;
            var folder = parsed.GetRequiredValue(runs);
            var path = parsed.GetValue(data) ?? recipes[0].Data.Path;
            if (path.Length == 0)
                throw new UserErrorException($"Recipe {recipes[0].Name} names no data set; give --data PATH.");
            var stop = Stop(parsed.GetValue(stopEarly), recipes);
            var runner = new SweepRunner(screen, sessions, folder, parsed.GetValue(workers), Devices.Parse(parsed.GetValue(device)), stop: stop);
            var entries = new List<SweepEntry>();
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < points.Count; i++)
            {
                var run = RunNames.Check(points[i].Run(sweep));
                if (clock.Elapsed.TotalMinutes >= parsed.GetValue(budget))
                {
                    screen.Note($"the budget of {parsed.GetValue(budget)} minutes is used; {points.Count - i} runs are left for the same call later");
                    break;
                }

                screen.Note(string.Create(CultureInfo.InvariantCulture, $"{i + 1}/{points.Count} {run}"));
                if (await runner.Run(points[i], run, recipes[i], path, cancellation) is not { } entry)
                {
                    screen.Note($"{run} was stopped; the same call goes on with it");
                    return ExitCodes.Failed;
                }

                entries.Add(entry);
                if (entry.Stopped is not null)
                    screen.Note($"{run} was stopped early: {entry.Stopped}");
                if (screen.Json)
                    screen.JsonLine(new { entry.Run, settings = entry.Point.Settings, entry.WeightsHash, entry.Values, entry.Stopped, entry.Failed });
            }

            Show(screen, entries, criterion);
            return entries.Any(e => e.Failed is null) ? ExitCodes.Well : ExitCodes.Failed;
        });
        return command;
    }

    /// <exception cref="UserErrorException">The recipes' probes do not bring the metric while they train.</exception>
    private static MedianStop? Stop(string? metric, IReadOnlyList<Recipe> recipes)
    {
        if (metric is null)
            return null;
        var probe = metric switch
        {
            "knn" => null,
            "rankme" => "rank",
            "linear" or "mlp" or "std" => metric,
            _ => throw new UserErrorException($"--stop-early is \"{metric}\"; use one of knn, linear, mlp, rankme, std: a metric of probes of which more is better."),
        };
        foreach (var recipe in recipes)
        {
            if (!(recipe.Evaluation.EveryEpochs > 0))
                throw new UserErrorException($"--stop-early {metric}: evaluation.everyEpochs is {recipe.Evaluation.EveryEpochs}, so there are no probes while {recipe.Name} trains; set it above 0.");
            if (probe is null ? !recipe.Evaluation.Knn : !recipe.Evaluation.Probes.Contains(probe))
                throw new UserErrorException($"--stop-early {metric}: {(probe is null ? "evaluation.knn is false" : $"evaluation.probes lacks {probe}")}; the rule has nothing to look at.");
        }

        return new MedianStop(metric);
    }

    private static void Show(Screen screen, List<SweepEntry> entries, SweepCriterion criterion)
    {
        var picked = SweepTable.Pick(entries, criterion);
        if (screen.Json)
        {
            screen.JsonLine(new { selectedBy = criterion.Name, picked?.Run, settings = picked?.Point.Settings, usesLabels = criterion.NeedsLabels });
            return;
        }

        var (headings, rows) = SweepTable.Runs(entries);
        screen.Table(headings, rows);
        screen.Line();
        (headings, rows) = SweepTable.Selection(entries);
        screen.Table(headings, rows);
        screen.Line();
        screen.Line(picked is null
            ? $"no run has a value for {criterion.Name}"
            : $"selected by {criterion.Title}{(criterion.NeedsLabels ? " (looks at test labels)" : "")}: {picked.Run}");
    }
}
