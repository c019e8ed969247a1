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
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo quickstart</c>: from nothing to a trained encoder in about a minute of training on two cores.</summary>
public static class QuickstartCommand
{
    private const int TrainImages = 5000;
    private const int TestImages = 1000;

    public static Command Build(Screen screen)
    {
        var data = CommonOptions.Data();
        var runs = CommonOptions.Runs();
        var set = CommonOptions.Set();
        var dashboard = CommonOptions.Dashboard();
        var command = new Command("quickstart", "Draws a data set, trains SimCLR on two worker processes for about a minute, kills one of them on the way, and shows what the encoder has learnt.") { data, runs, set, dashboard };
        command.SetAction(async (parsed, cancellation) =>
        {
            var recipe = RecipeReader.Read(ProjectFiles.FindRecipe("quickstart"), parsed.GetValue(set));
            var path = parsed.GetValue(data) ?? Images(screen);
            var request = new TrainingRequest(recipe.Name, recipe, path, parsed.GetRequiredValue(runs), Workers: 2, Device: "cpu") { Dashboard = parsed.GetValue(dashboard) };
            if (Directory.Exists(request.Folder))
            {
                screen.Line($"replacing the last quickstart in {request.Folder}");
                Directory.Delete(request.Folder, recursive: true);
            }

            var status = await WatchedTraining.Run(screen, new OneKillSessions(screen.Note), request, cancellation);
            if (status?.Phase is RunPhase.Completed)
                await Conclude(screen, request);
            return TrainingPresenter.ExitCode(status);
        });
        return command;
    }

    private static string Images(Screen screen)
    {
        var folder = Path.Combine("data", "generated");
        if (File.Exists(Path.Combine(folder, "classes.txt")))
        {
            screen.Line($"images: {folder}, from last time");
            return folder;
        }

        screen.Line($"images: drawing {TrainImages} to train on and {TestImages} held out, into {folder}");
        GeneratedImages.Write(folder, TrainImages, TestImages, seed: 0);
        return folder;
    }

    private static async Task Conclude(Screen screen, TrainingRequest request)
    {
        var audit = await Audit(request);
        var accuracy = MetricsFile.Read(Path.Combine(request.Folder, "metrics.jsonl"))["knn"];
        if (accuracy.Count < 2)
            return;
        var (before, after) = (accuracy[0].Value, accuracy[^1].Value);
        if (screen.Json)
        {
            screen.JsonLine(new { @event = "quickstart", knnBefore = before, knnAfter = after, exact = audit.IsExact, audit = audit.Verdict, folder = Path.GetFullPath(request.Folder) });
            return;
        }

        screen.Line();
        screen.Line($"kNN accuracy on {TestImages} held-out images: {Format.Percent(before)} untrained, {Format.Percent(after)} trained. No label was used to train.");
        screen.Line($"One worker was killed and another joined on the way. The ledger's proof: {audit.Verdict}.");
        screen.Line($"In {request.Folder}: recipe.jsonc (what was trained), metrics.jsonl (every number), ledger.jsonl (who computed what), curves.svg (the picture).");
        screen.Line();
        screen.Line("Try next:");
        screen.Line("  sslo audit quickstart --replay all                                      compute every step again in one process and compare the hashes");
        screen.Line("  sslo chaos quickstart --data data/generated --kills 5                   many kills, compared bit by bit with an undisturbed run");
        screen.Line("  sslo data inspect data/generated --views quickstart --out views.png    what the network sees");
        screen.Line("  sslo train quickstart --data data/generated --set loss.temperature=0.5  change one number");
        screen.Line("  sslo recipe list                                                        other recipes");
        screen.Line("  sslo methods                                                            other methods");
    }

    private static async Task<LedgerAudit> Audit(TrainingRequest request)
    {
        var storage = RunStorage.Open(request.RunsFolder);
        var record = await RunRecord.Read(storage, request.Run);
        var batch = request.Recipe.Batch;
        return Ledger.Audit(await Ledger.Read(storage, request.Run), record!.Samples, batch.Effective, batch.MicroBatches);
    }
}
