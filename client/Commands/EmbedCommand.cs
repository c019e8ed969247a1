using SslOrleans.Silo;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Evaluation;
using SslOrleans.Contracts;
using SslOrleans.Learning.Evaluate;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo embed</c>: features of images, for other programs.</summary>
public static class EmbedCommand
{
    public static Command Build(Screen screen)
    {
        var what = new Argument<string>("run|file") { Description = "Name of a run, or an encoder as `sslo export` writes it (*.safetensors)." };
        var data = CommonOptions.Data();
        var output = new Option<string>("--out") { Description = "File to write: *.safetensors has every layer, patches, labels and names; *.npy and *.csv have one layer.", HelpName = "file", Required = true };
        var split = new Option<string>("--split") { Description = "train, test or val.", HelpName = "name", DefaultValueFactory = _ => "train" };
        var limit = new Option<int>("--limit") { Description = "First N images; all by default.", HelpName = "N" };
        var layers = new Option<string?>("--layers") { Description = "Layers joined by commas, or all: backbone, of a ViT backbone.cls and backbone.mean, projector.1, … By default the backbone's, and of *.safetensors all of the backbone's.", HelpName = "names" };
        var patches = new Option<bool>("--patches") { Description = "Also the features of the places: a ViT's patches, a convolutional net's last map [N, P, D]. Into *.safetensors." };
        var runs = CommonOptions.Runs();
        var step = new Option<long?>("--step") { Description = "Checkpoint of a run; the newest by default." };
        var teacher = new Option<bool>("--teacher") { Description = "The EMA teacher instead of the student." };
        var recipe = new Option<string?>("--recipe") { Description = "Backbone, image size and normalisation of a file that does not say them." };
        var set = CommonOptions.Set();
        var device = new Option<string?>("--device") { Description = "cpu, cuda or cuda:N; the first GPU by default, else the CPU." };
        var command = new Command("embed", "Writes the features of images, cropped in the middle, for other programs: sslo embed RUN --data PATH --out features.safetensors")
        {
            what, data, output, split, limit, layers, patches, runs, step, teacher, recipe, set, device,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(output));
            var format = Format(path);
            if (!Directory.Exists(Path.GetDirectoryName(path)))
                throw new UserErrorException($"--out {parsed.GetValue(output)}: the folder {Path.GetDirectoryName(path)} does not exist; make it, or name another file.");
            if (parsed.GetValue(patches) && format != EmbeddingFormat.Safetensors)
                throw new UserErrorException($"--patches gives [N, P, D], which {Path.GetExtension(path)} does not hold; name a *.safetensors file.");
            var order = new EvaluateRequest(
                parsed.GetRequiredValue(what), parsed.GetRequiredValue(runs), parsed.GetValue(data), [], [], parsed.GetValue(step), parsed.GetValue(teacher),
                parsed.GetValue(recipe), parsed.GetValue(set)!, null, Devices.Parse(parsed.GetValue(device)));
            var source = await EncoderSource.Open(order);
            using var encoder = source.Encoder;
            var from = order.DataPath ?? (source.DataPath.Length > 0 ? source.DataPath : source.Recipe.Data.Path);
            if (from.Length == 0)
                throw new UserErrorException("No data set is named; give --data PATH.");
            var chosen = Layers(parsed.GetValue(layers), encoder, format, order.What);
            var started = Stopwatch.GetTimestamp();
            using var embedded = await Embedding.Run(source, from, parsed.GetRequiredValue(split), Math.Max(0, parsed.GetValue(limit)), chosen, parsed.GetValue(patches), screen, cancellation);
            var files = EmbeddingFiles.Write(path, format, embedded, About(source, order, from, parsed.GetRequiredValue(split)));
            Show(screen, embedded, files, Stopwatch.GetElapsedTime(started).TotalSeconds);
            return ExitCodes.Well;
        });
        return command;
    }

    private static EmbeddingFormat Format(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".safetensors" => EmbeddingFormat.Safetensors,
        ".npy" => EmbeddingFormat.Npy,
        ".csv" => EmbeddingFormat.Csv,
        var other => throw new UserErrorException($"--out ends in \"{other}\"; name a file *.safetensors, *.npy or *.csv."),
    };

    private static IReadOnlyList<string> Layers(string? asked, Encoder encoder, EmbeddingFormat format, string where)
    {
        IReadOnlyList<string> chosen = asked switch
        {
            null when format == EmbeddingFormat.Safetensors => [.. encoder.Layers.Where(l => l.StartsWith(ProbeReport.Backbone, StringComparison.Ordinal))],
            null => [ProbeReport.Backbone],
            _ => EvaluateCommand.Names("--layers", asked, encoder.Layers),
        };
        return chosen.Count == 1 || format == EmbeddingFormat.Safetensors
            ? chosen
            : throw new UserErrorException($"--layers names {chosen.Count} layers of {where}; a {format} file holds one: name one, or a *.safetensors file.");
    }

    private static Dictionary<string, string> About(EncoderSource source, EvaluateRequest order, string data, string split) => new()
    {
        ["encoder"] = order.What,
        ["step"] = source.Step.ToString(CultureInfo.InvariantCulture),
        ["weights"] = source.WeightsHash,
        ["data"] = data,
        ["split"] = split,
    };

    private static void Show(Screen screen, Embedded embedded, IReadOnlyList<string> files, double seconds)
    {
        var layers = embedded.Layers.Select(l => (Name: EmbeddingFiles.NameOf(l.Name), Shape: (long[])[l.Features.Count, l.Features.Width])).ToList();
        if (embedded.Patches is { } patches)
            layers.Add(("patches", [patches.Count, embedded.Places, patches.Width / embedded.Places]));
        if (screen.Json)
        {
            screen.JsonLine(new { files, images = embedded.Names.Count, tensors = layers.ToDictionary(l => l.Name, l => l.Shape), labelled = embedded.Labels?.Count(l => l >= 0) ?? 0, replaced = embedded.Replaced, seconds });
            return;
        }

        screen.Line(string.Create(CultureInfo.InvariantCulture, $"{embedded.Names.Count} images, {string.Join(", ", layers.Select(l => $"{l.Name} [{string.Join(", ", l.Shape)}]"))}, {(embedded.Labels is null ? "no labels" : "labels")}, {seconds:F1} s: {string.Join(", ", files.Select(ProjectFiles.Short))}"));
        foreach (var (name, reason) in embedded.Replaced)
            screen.Line($"  {name} does not decode, its row is the next image's: {reason}");
    }
}
