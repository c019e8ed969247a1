using SslOrleans.Silo;
using System.CommandLine;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Evaluation;
using SslOrleans.Client.Pictures;
using SslOrleans.Client.Studies;
using SslOrleans.Client.Sweep;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo study</c>: a claim of the cookbook, measured: every arm trained with the same seeds and probed alike.</summary>
public static class StudyCommand
{
    public static Command Build(Screen screen, ITrainingSessions sessions)
    {
        var study = new Argument<string?>("name") { Description = "Which study; without it, those that there are.", Arity = ArgumentArity.ZeroOrOne };
        var seeds = new Option<int>("--seeds") { Description = "Runs of each arm, with seeds 0, 1 …; the deviation says what a difference is worth.", DefaultValueFactory = _ => 1 };
        var data = CommonOptions.Data();
        var set = CommonOptions.Set();
        var runs = CommonOptions.Runs();
        var name = new Option<string?>("--name") { Description = "First part of the runs' names; study-NAME by default." };
        var workers = WorkerCount.Option();
        var device = new Option<string?>("--device") { Description = "cpu, cuda or cuda:N." };
        var command = new Command("study", "Measures a claim of the cookbook: trains its arms, probes them alike, draws the figure. The same call goes on after a kill.")
        {
            study, seeds, data, set, runs, name, workers, device,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(study) is not { } which)
            {
                List(screen);
                return ExitCodes.Well;
            }

            var found = Study.Find(which);
            var count = parsed.GetValue(seeds);
            if (count <= 0)
                throw new UserErrorException($"--seeds is {count}; give a number above 0.");
            var own = parsed.GetValue(set)!;

            // Every recipe is read before the first is trained: a wrong value should cost no night.
            var arms = found.Arms.Select(arm => (Arm: arm, Recipes: Enumerable.Range(0, count).Select(seed => Recipe(arm, own, seed)).ToList())).ToList();
            var path = parsed.GetValue(data) ?? arms[0].Recipes[0].Data.Path;
            if (path.Length == 0)
                throw new UserErrorException("No data set is named; give --data PATH, or make one with `sslo data generate data/generated`.");
            var folder = parsed.GetRequiredValue(runs);
            var prefix = parsed.GetValue(name) ?? $"study-{found.Name}";
            var runner = new SweepRunner(screen, sessions, folder, parsed.GetValue(workers), Devices.Parse(parsed.GetValue(device)));
            var results = new List<ArmResult>();
            screen.Line($"{found.Claim}: {found.Says}");
            foreach (var (arm, recipes) in arms)
            {
                var entries = new List<SweepEntry>();
                foreach (var (seed, recipe) in recipes.Index())
                {
                    var run = RunNames.Check(string.Create(CultureInfo.InvariantCulture, $"{prefix}-{arm.Name}-{seed}"));
                    screen.Note(run);
                    if (await runner.Run(new SweepPoint([.. arm.Set]), run, recipe, path, cancellation) is not { } entry)
                    {
                        screen.Note($"{run} was stopped; the same call goes on with it");
                        return ExitCodes.Failed;
                    }

                    entries.Add(entry);
                    if (screen.Json)
                        screen.JsonLine(new { study = found.Name, arm = arm.Name, seed, entry.Run, entry.WeightsHash, entry.Values, entry.Failed });
                }

                results.Add(new ArmResult(arm.Name, entries));
            }

            Show(screen, found, results, Path.Combine(folder, prefix + ".svg"));
            return results.SelectMany(r => r.Runs).All(r => r.Failed is null) ? ExitCodes.Well : ExitCodes.Failed;
        });
        return command;
    }

    private static Recipe Recipe(StudyArm arm, IReadOnlyList<string> own, int seed)
        => RecipeReader.Read(ProjectFiles.FindRecipe(arm.Recipe), [.. arm.Set, .. own, string.Create(CultureInfo.InvariantCulture, $"seed={seed}")]);

    private static void List(Screen screen)
    {
        var all = Study.All();
        foreach (var study in screen.Json ? all : [])
            screen.JsonLine(new { study.Name, study.Claim, study.Says, study.Look, arms = study.Arms.Select(a => a.Name) });
        if (!screen.Json)
            screen.Table(["study", "claim", "the cookbook says", "arms"], all.Select(s => (IReadOnlyList<string>)[s.Name, s.Claim, s.Says, string.Join(", ", s.Arms.Select(a => a.Name))]));
    }

    private static void Show(Screen screen, Study study, IReadOnlyList<ArmResult> results, string figure)
    {
        var accuracies = StudyTable.Columns.Where(c => c.Accuracy && results.Any(r => !double.IsNaN(r.Of(c.Name).Mean))).ToList();
        File.WriteAllText(figure, BarChart.Draw($"{study.Claim}: {study.Name}", [.. accuracies.Select(c => c.Heading)], [.. results.Select(r => (r.Arm, (IReadOnlyList<SeedStatistics>)[.. accuracies.Select(c => r.Of(c.Name))]))]));
        if (screen.Json)
        {
            screen.JsonLine(new { study = study.Name, figure = Path.GetFullPath(figure) });
            return;
        }

        StudyTable.Show(screen, results);
        screen.Line($"look at {study.Look}");
        screen.Line($"figure: {ProjectFiles.Short(figure)}");
    }
}
