using SslOrleans.Silo;
using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Evaluation;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Evaluate;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo evaluate</c>: probes on a run's newest checkpoint or on an exported encoder, on one feature pass.</summary>
public static class EvaluateCommand
{
    public static Command Build(Screen screen)
    {
        var what = new Argument<string>("run|file") { Description = "Name of a run, or an encoder as `sslo export` writes it (*.safetensors)." };
        var data = CommonOptions.Data();
        var runs = CommonOptions.Runs();
        var probe = new Option<string>("--probe")
        {
            Description = $"Which probes, joined by commas, or all: {string.Join(", ", ProbeSuite.All.Select(p => p.Name))}; and {EncoderEvaluation.FineTune}, which all leaves out: it trains the whole backbone.",
            HelpName = "names",
            DefaultValueFactory = _ => "knn,linear,rank,std,uniformity",
        };
        var layers = new Option<string>("--layers") { Description = "Layers joined by commas, all or last: backbone, projector.1, … of a ViT also backbone.cls and backbone.mean.", HelpName = "names", DefaultValueFactory = _ => ProbeReport.Backbone };
        var step = new Option<long?>("--step") { Description = "Checkpoint of a run; the newest by default." };
        var teacher = new Option<bool>("--teacher") { Description = "The EMA teacher instead of the student." };
        var recipe = new Option<string?>("--recipe") { Description = "Backbone, image size and normalisation of a file that does not say them; views for alignment." };
        var set = CommonOptions.Set();
        var epochs = new Option<int?>("--epochs") { Description = "Epochs of the linear probe; 100 by default." };
        var device = new Option<string?>("--device") { Description = "cpu, cuda or cuda:N; the first GPU by default, else the CPU." };
        var command = new Command("evaluate", "Measures an encoder, with labels and without: all probes share one pass over the images.")
        {
            what, data, runs, probe, layers, step, teacher, recipe, set, epochs, device,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var order = new EvaluateRequest(
                parsed.GetRequiredValue(what),
                parsed.GetRequiredValue(runs),
                parsed.GetValue(data),
                Names("--probe", parsed.GetRequiredValue(probe), [.. ProbeSuite.All.Select(p => p.Name)], EncoderEvaluation.FineTune),
                parsed.GetRequiredValue(layers).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
                parsed.GetValue(step),
                parsed.GetValue(teacher),
                parsed.GetValue(recipe),
                parsed.GetValue(set)!,
                parsed.GetValue(epochs),
                Devices.Parse(parsed.GetValue(device)));
            if (order.Epochs <= 0)
                throw new UserErrorException($"--epochs is {order.Epochs}; give a number above 0.");
            var reports = await EncoderEvaluation.Run(order, screen, cancellation);
            return reports.Any(r => r.Error is null) ? ExitCodes.Well : ExitCodes.Failed;
        });
        return command;
    }

    internal static IReadOnlyList<string> Names(string option, string text, IReadOnlyList<string> known, params IReadOnlyList<string> beyond)
    {
        if (text == "all")
            return known;
        known = [.. known, .. beyond];
        var names = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length == 0)
            throw new UserErrorException($"{option} is empty; use all, or some of {string.Join(", ", known)}.");
        foreach (var name in names.Where(n => !known.Contains(n)))
            throw new UserErrorException($"{option} {name} is unknown;{RecipeKeys.Hint(name, known)} use all, or some of {string.Join(", ", known)}.");
        return [.. names.Distinct()];
    }
}
