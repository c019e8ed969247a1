using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Inspection;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Grains.Data;
using SslOrleans.Learning.Clips;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Data.Tables;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Sounds;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo data generate|download|inspect|pack</c>.</summary>
public static class DataCommand
{
    public static Command Build(Screen screen) => new("data", "Data sets: make or fetch one, look into one, pack one.") { Generate(screen), DataDownloadCommand.Build(screen), Inspect(screen), DataPackCommand.Build(screen) };

    private static Command Generate(Screen screen)
    {
        var output = new Argument<string>("out") { Description = "Folder for the shards; it is made, and must hold no shards." };
        var train = new Option<int>("--train") { Description = "Training images.", DefaultValueFactory = _ => 10_000 };
        var test = new Option<int>("--test") { Description = "Test images.", DefaultValueFactory = _ => 2_000 };
        var seed = new Option<ulong>("--seed") { Description = "The same seed makes the same images.", DefaultValueFactory = _ => 0 };
        var modality = new Option<string>("--modality") { Description = "image (with captions), text, table, audio or video.", HelpName = "name", DefaultValueFactory = _ => "image" };
        var command = new Command("generate", "Draws 32×32 pictures of textured shapes in ten classes, with captions, or makes a table of known structure, so that a machine without data can train.") { output, train, test, seed, modality };
        command.SetAction(parsed =>
        {
            var folder = parsed.GetRequiredValue(output);
            if (parsed.GetRequiredValue(modality) is not ("image" or "text-image") and var other)
            {
                GenerateOther(other, folder, parsed.GetValue(train), parsed.GetValue(test), parsed.GetValue(seed));
                if (screen.Json)
                    screen.JsonLine(new { path = Path.GetFullPath(folder), modality = other, train = parsed.GetValue(train), test = parsed.GetValue(test), seed = parsed.GetValue(seed) });
                else
                    screen.Line($"{parsed.GetValue(train)} training and {parsed.GetValue(test)} test samples of {other} in {folder}.");
                return ExitCodes.Well;
            }

            var started = Stopwatch.GetTimestamp();
            GeneratedImages.Write(folder, parsed.GetValue(train), parsed.GetValue(test), parsed.GetValue(seed));
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            if (screen.Json)
            {
                using var source = ImageSources.Open(folder);
                screen.JsonLine(new
                {
                    path = Path.GetFullPath(folder),
                    train = parsed.GetValue(train),
                    test = parsed.GetValue(test),
                    seed = parsed.GetValue(seed),
                    classes = GeneratedImages.Classes,
                    source.Fingerprint,
                    seconds,
                });
            }
            else
            {
                screen.Line($"{parsed.GetValue(train)} training and {parsed.GetValue(test)} test images of {GeneratedImages.Classes.Count} classes in {folder} ({seconds:F1} s).");
                screen.Line($"Next: sslo data inspect {folder}");
            }

            return ExitCodes.Well;
        });
        return command;
    }

    private static void GenerateOther(string modality, string folder, int train, int test, ulong seed)
    {
        if (train < 1 || test < 0)
            throw new UserErrorException($"A data set of {train} training and {test} test samples cannot be made; give positive counts.");
        string[] known = ["image", "text", "table", "audio", "video"];
        switch (modality)
        {
            case "text":
                GeneratedText.Write(folder, train, test, seed);
                break;
            case "audio":
                GeneratedSounds.Write(folder, train, test, seed);
                break;
            case "video":
                GeneratedClips.Write(folder, train, test, seed);
                break;
            case "table":
                GeneratedTable.Write(folder, train, test, seed);
                break;
            default:
                throw new UserErrorException($"--modality is \"{modality}\"; use one of {string.Join(", ", known)}{(RecipeKeys.Near(modality, known) is { } near ? $"; the nearest is \"{near}\"" : "")}.");
        }
    }

    private static Command Inspect(Screen screen)
    {
        var path = new Argument<string>("path") { Description = "A folder, a single shard, or a container of shards (azure:CONTAINER/FOLDER)." };
        var split = new Option<string?>("--split") { Description = "Only this split: train, test or val." };
        var views = new Option<string?>("--views") { Description = "Also draws what a recipe makes of the first images, into the picture named by --out.", HelpName = "recipe" };
        var output = new Option<string?>("--out") { Description = "The picture, a PNG.", HelpName = "views.png" };
        var images = new Option<int>("--images") { Description = "Images in the picture.", DefaultValueFactory = _ => 8 };
        var set = CommonOptions.Set();
        var command = new Command("inspect", "Says what is in a data set, and decodes every image once.") { path, split, views, output, images, set };
        command.SetAction((parsed, cancellation) =>
        {
            var where = parsed.GetRequiredValue(path);
            var target = parsed.GetValue(output);
            Recipe? recipe = null;
            if (parsed.GetValue(views) is { } name)
            {
                recipe = RecipeReader.Read(ProjectFiles.FindRecipe(name), parsed.GetValue(set));
                target ??= Mistake("--views needs --out, the picture to write, as in --out views.png.");
            }
            else if (target is not null)
            {
                Mistake("--out needs --views, the recipe whose views are drawn, as in --views simclr-cifar10.");
            }

            if (TableReport.IsTable(where))
            {
                foreach (var table in TableReport.Of(where, parsed.GetValue(split)))
                    Show(screen, table);
                return Task.FromResult(ExitCodes.Well);
            }

            if (TextReport.IsText(where))
            {
                foreach (var text in TextReport.Of(where, parsed.GetValue(split)))
                    Show(screen, text);
                return Task.FromResult(ExitCodes.Well);
            }

            foreach (var report in DataReport.Of(where, parsed.GetValue(split), cancellation))
                Show(screen, report);
            if (recipe is not null)
                Sheet(screen, where, recipe, target!, parsed.GetValue(images));
            else
                screen.Line($"Next: sslo train simclr-cifar10 --data {where} (`sslo recipe list` has others); normalize as above with the two --set");

            return Task.FromResult(ExitCodes.Well);
        });
        return command;
    }

    private static void Sheet(Screen screen, string where, Recipe recipe, string target, int images)
    {
        using var source = DataLocations.OpenSource(where, recipe.Data.Split, new SourceOptions { Bits = recipe.Data.Bits, Channels = recipe.Data.ChosenChannels() });
        var sheet = ViewSheet.Draw(source, recipe, images);
        File.WriteAllBytes(target, ImageEncoder.Png(sheet));
        if (screen.Json)
            screen.JsonLine(new { views = Path.GetFullPath(target), sheet.Width, sheet.Height });
        else
            screen.Line($"views   {target}: one row an image; the image, then its views in epochs 0 and 1");
    }

    private static void Show(Screen screen, TextReport r)
    {
        if (screen.Json)
        {
            screen.JsonLine(r);
            return;
        }

        screen.Line($"{r.Split,-7} {r.Lines} lines of up to {r.Longest} characters{(r.Classes.Count > 0 ? $", {r.Classes.Count} classes: {string.Join(", ", r.Classes.Take(12))}" : "")}");
        screen.Line($"        fingerprint {r.Fingerprint}");
        foreach (var note in r.Notes)
            screen.Line($"        note: {note}");
    }

    private static void Show(Screen screen, TableReport r)
    {
        if (screen.Json)
        {
            screen.JsonLine(r);
            return;
        }

        screen.Line($"{r.Split,-7} {r.Rows} rows, {r.Columns.Count} columns");
        foreach (var c in r.Columns)
            screen.Line($"        {c.Name,-16} {c.Type,-12} {c.What}{(c.Missing > 0 ? $"; {c.Missing} missing" : "")}");
        screen.Line($"        fingerprint {r.Fingerprint}");
        foreach (var note in r.Notes)
            screen.Line($"        note: {note}");
    }

    private static void Show(Screen screen, DataReport r)
    {
        if (screen.Json)
        {
            screen.JsonLine(r);
            return;
        }

        screen.Line($"{r.Split,-7} {r.Images} images, {r.Megabytes:F1} MB, {Sizes(r)}, decoded at {r.DecodedPerSecond:N0} images/s");
        if (r.Classes.Count > 0)
        {
            var counts = r.Classes.Select(c => c.Images).ToList();
            screen.Line($"        {r.Classes.Count} classes of {counts.Min()} to {counts.Max()} images: {string.Join(", ", r.Classes.Take(12).Select(c => c.Name))}{(r.Classes.Count > 12 ? ", …" : "")}");
        }

        if (r.Unlabelled > 0)
            screen.Line($"        {r.Unlabelled} without a label");
        if (r.Captioned > 0)
            screen.Line($"        {r.Captioned} with a caption{(r.Captioned < r.Images ? $", {r.Images - r.Captioned} without" : "")}");
        screen.Line($"        fingerprint {r.Fingerprint}");
        if (r.Split == "train" && r.SixteenBits is null)
            screen.Line($"        --set normalize.mean={List(r.Mean)} --set normalize.standardDeviation={List(r.StandardDeviation)}");
        foreach (var note in r.Notes.Take(10))
            screen.Line($"        note: {note}");
        foreach (var (key, reason) in r.Undecodable.Take(20))
            screen.Line($"        does not decode: {key}: {reason}");
        if (r.Undecodable.Count > 20)
            screen.Line($"        … and {r.Undecodable.Count - 20} more that do not decode");
    }

    private static string Mistake(string message) => throw new UserErrorException(message);

    private static string List(IReadOnlyList<double> values) => $"[{string.Join(",", values.Select(v => v.ToString(CultureInfo.InvariantCulture)))}]";

    private static string Sizes(DataReport r) => r.Smallest == r.Largest ? r.Smallest : $"{r.Smallest} to {r.Largest}";
}
