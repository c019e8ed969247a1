using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo quickstart</c>: from nothing to a trained encoder in about a minute of training on two cores.</summary>
public static class QuickstartCommand
{
    private const int TrainImages = 5000;
    private const int TestImages = 1000;

    public static Command Build(Screen screen, ITrainingSessions sessions)
    {
        var data = CommonOptions.Data();
        var runs = CommonOptions.Runs();
        var set = CommonOptions.Set();
        var command = new Command("quickstart", "Draws a data set, trains SimCLR on it for about a minute, and shows what the encoder has learnt.") { data, runs, set };
        command.SetAction(async (parsed, cancellation) =>
        {
            var recipe = RecipeReader.Read(ProjectFiles.FindRecipe("quickstart"), parsed.GetValue(set));
            var path = parsed.GetValue(data) ?? Images(screen);
            var request = new TrainingRequest(recipe.Name, recipe, path, parsed.GetRequiredValue(runs));
            if (Directory.Exists(request.Folder))
            {
                screen.Line($"replacing the last quickstart in {request.Folder}");
                Directory.Delete(request.Folder, recursive: true);
            }

            var status = await TrainCommand.Train(screen, sessions, request, cancellation);
            if (status?.Phase is RunPhase.Completed)
                Conclude(screen, request);
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

    private static void Conclude(Screen screen, TrainingRequest request)
    {
        var accuracy = MetricsFile.Read(Path.Combine(request.Folder, "metrics.jsonl"))["knn"];
        if (accuracy.Count < 2)
            return;
        var (before, after) = (accuracy[0].Value, accuracy[^1].Value);
        if (screen.Json)
        {
            screen.JsonLine(new { @event = "quickstart", knnBefore = before, knnAfter = after, folder = Path.GetFullPath(request.Folder) });
            return;
        }

        screen.Line();
        screen.Line($"kNN accuracy on {TestImages} held-out images: {Format.Percent(before)} untrained, {Format.Percent(after)} trained. No label was used to train.");
        screen.Line($"In {request.Folder}: recipe.jsonc (what was trained), metrics.jsonl (every number), curves.svg (the picture).");
        screen.Line();
        screen.Line("Try next:");
        screen.Line("  sslo data inspect data/generated --views quickstart --out views.png    what the network sees");
        screen.Line("  sslo train quickstart --data data/generated --set loss.temperature=0.5  change one number");
        screen.Line("  sslo recipe list                                                        other recipes");
        screen.Line("  sslo methods                                                            other methods");
    }
}
