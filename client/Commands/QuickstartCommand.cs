using System.CommandLine;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Running;
using SslOrleans.Client.Training;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo quickstart</c>: from nothing to a trained encoder in about a minute of training on two cores.</summary>
public static class QuickstartCommand
{
    public static Command Build(Screen screen)
    {
        var data = CommonOptions.Data();
        var runs = CommonOptions.Runs();
        var set = CommonOptions.Set();
        var dashboard = CommonOptions.Dashboard();
        var modality = new Option<string>("--modality") { Description = $"What a sample is: {Quickstart.Names}.", HelpName = "name", DefaultValueFactory = _ => "image" };
        var command = new Command("quickstart", "Draws a data set, trains on two worker processes for a minute or two (SimCLR, unless --modality says otherwise), kills one of them on the way, and shows what the encoder has learnt.") { data, modality, runs, set, dashboard };
        command.SetAction(async (parsed, cancellation) =>
        {
            var quickstart = Quickstart.Of(parsed.GetRequiredValue(modality));
            var recipe = RecipeReader.Read(ProjectFiles.FindRecipe(quickstart.Recipe), parsed.GetValue(set));
            var path = parsed.GetValue(data) ?? quickstart.Provide(screen);
            var request = new TrainingRequest(recipe.Name, recipe, path, parsed.GetRequiredValue(runs), Workers: 2, Device: "cpu") { Dashboard = parsed.GetValue(dashboard) };
            if (Directory.Exists(request.Folder))
            {
                screen.Line($"replacing the last quickstart in {request.Folder}");
                Directory.Delete(request.Folder, recursive: true);
            }

            var status = await WatchedTraining.Run(screen, new OneKillSessions(screen.Note), request, cancellation);
            if (status?.Phase is RunPhase.Completed)
                await Conclude(screen, request, quickstart, path);
            return TrainingPresenter.ExitCode(status);
        });
        return command;
    }

    private static async Task Conclude(Screen screen, TrainingRequest request, Quickstart quickstart, string path)
    {
        var audit = await Audit(request);
        var metrics = MetricsFile.Read(Path.Combine(request.Folder, "metrics.jsonl"));
        var accuracy = metrics[quickstart.Metric];
        if (accuracy.Count < 2)
            return;
        var (before, after) = (accuracy[0].Value, accuracy[^1].Value);
        if (screen.Json)
        {
            screen.JsonLine(new { @event = "quickstart", metric = quickstart.Metric, before, after, exact = audit.IsExact, audit = audit.Verdict, folder = Path.GetFullPath(request.Folder) });
            return;
        }

        screen.Line();
        screen.Line($"{quickstart.Says}: {Format.Percent(before)} untrained, {Format.Percent(after)} trained. No label was used to train.");
        if (quickstart.Baseline.Metric.Length > 0 && metrics[quickstart.Baseline.Metric] is { Count: > 0 } baseline)
            screen.Line($"For comparison, {quickstart.Baseline.Says}: {Format.Percent(baseline[^1].Value)}.");
        screen.Line($"One worker was killed and another joined on the way. The ledger's proof: {audit.Verdict}.");
        screen.Line($"In {request.Folder}: recipe.jsonc (what was trained), metrics.jsonl (every number), ledger.jsonl (who computed what), curves.svg (the picture).");
        screen.Line();
        screen.Line("Try next:");
        foreach (var (line, what) in Next(quickstart.Recipe, path))
            screen.Line($"  {line,-70}  {what}");
    }

    private static IEnumerable<(string Line, string What)> Next(string recipe, string path) =>
    [
        ($"sslo audit {recipe} --replay all", "compute every step again in one process and compare the hashes"),
        ($"sslo chaos {recipe} --data {path} --kills 5", "many kills, compared bit by bit with an undisturbed run"),
        .. recipe == "quickstart" ? [($"sslo data inspect {path} --views {recipe} --out views.png", "what the network sees")] : Array.Empty<(string, string)>(),
        ($"sslo train {recipe} --data {path} --set loss.temperature=0.5", "change one number"),
        ("sslo recipe list", "other recipes"),
        ("sslo methods", "other methods"),
    ];

    private static async Task<LedgerAudit> Audit(TrainingRequest request)
    {
        var storage = RunStorage.Open(request.RunsFolder);
        var record = await RunRecord.Read(storage, request.Run);
        var batch = request.Recipe.Batch;
        return Ledger.Audit(await Ledger.Read(storage, request.Run), record!.Samples, batch.Effective, batch.MicroBatches);
    }
}
