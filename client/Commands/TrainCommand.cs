using System.CommandLine;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Running;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo train</c>.</summary>
public static class TrainCommand
{
    public static Command Build(Screen screen, ITrainingSessions sessions)
    {
        var recipe = CommonOptions.Recipe();
        var data = CommonOptions.Data();
        var set = CommonOptions.Set();
        var steps = new Option<long?>("--steps") { Description = "Optimiser steps, instead of what the recipe says." };
        var epochs = new Option<double?>("--epochs") { Description = "Passes over the data, instead of what the recipe says." };
        var run = new Option<string?>("--run") { Description = "Name of the run, and of its folder; the recipe's name by default." };
        var runs = CommonOptions.Runs();
        var device = new Option<string?>("--device") { Description = "cpu, cuda or cuda:N; the GPUs in turn by default, else the CPU." };
        var workers = WorkerCount.Option();
        var dashboard = CommonOptions.Dashboard();
        var sign = CommonOptions.Sign();
        var command = new Command("train", "Trains a recipe. Ctrl-C stops after the step under way.") { recipe, data, set, steps, epochs, run, runs, workers, device, dashboard, sign };
        command.SetAction(async (parsed, cancellation) =>
        {
            var overrides = parsed.GetValue(set)!.Concat(Length(parsed.GetValue(steps), parsed.GetValue(epochs)));
            var read = RecipeReader.Read(ProjectFiles.FindRecipe(parsed.GetRequiredValue(recipe)), overrides);
            var folder = parsed.GetRequiredValue(runs);
            var request = new TrainingRequest(
                parsed.GetValue(run) is { } name ? RunNames.Check(name) : RunNames.Free(folder, read.Name),
                read,
                DataPath(parsed.GetValue(data), read),
                folder,
                Workers: parsed.GetValue(workers),
                Device: parsed.GetValue(device))
            {
                Dashboard = parsed.GetValue(dashboard),
                SigningKey = parsed.GetValue(sign),
            };
            var status = await WatchedTraining.Run(screen, sessions, request, cancellation);
            return TrainingPresenter.ExitCode(status);
        });
        return command;
    }

    private static IEnumerable<string> Length(long? steps, double? epochs)
    {
        if (steps is not null && epochs is not null)
            throw new UserErrorException("--steps and --epochs both say how long to train; give one of them.");
        if (steps is { } s)
        {
            if (s <= 0)
                throw new UserErrorException($"--steps is {s}; give a number of steps above 0.");
            yield return $"steps={s}";
        }

        if (epochs is { } e)
        {
            if (!(e > 0))
                throw new UserErrorException($"--epochs is {e.ToString(CultureInfo.InvariantCulture)}; give a number above 0.");
            yield return "steps=0";
            yield return $"epochs={e.ToString("R", CultureInfo.InvariantCulture)}";
        }
    }

    private static string DataPath(string? option, Recipe recipe)
    {
        var path = option ?? recipe.Data.Path;
        return path.Length > 0
            ? path
            : throw new UserErrorException($"Recipe {recipe.Name} names no data set; give --data PATH, or make one with `sslo data generate data/generated`.");
    }
}
