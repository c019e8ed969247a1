using SslOrleans.Silo;
using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Evaluation;
using SslOrleans.Client.Pictures;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo pictures</c>: what can be seen of a run or an encoder, as SVG and PNG files.</summary>
public static class PicturesCommand
{
    public static Command Build(Screen screen)
    {
        var what = new Argument<string>("run|file") { Description = "Name of a run, or an encoder as `sslo export` writes it (*.safetensors)." };
        var data = CommonOptions.Data();
        var runs = CommonOptions.Runs();
        var output = new Option<string?>("--out") { Description = "Folder to write to; RUN-pictures by default.", HelpName = "folder" };
        var images = new Option<int>("--images") { Description = "Rows of the sheets of images.", DefaultValueFactory = _ => 10 };
        var step = new Option<long?>("--step") { Description = "Checkpoint of a run; the newest by default." };
        var teacher = new Option<bool>("--teacher") { Description = "The EMA teacher instead of the student." };
        var recipe = new Option<string?>("--recipe") { Description = "Backbone, image size and normalisation of a file that does not say them." };
        var set = CommonOptions.Set();
        var device = new Option<string?>("--device") { Description = "cpu, cuda or cuda:N; the first GPU by default, else the CPU." };
        var command = new Command("pictures", "Draws spectra, a map of the features, nearest neighbours, curves, and of ViTs attention and reconstructions, as SVG and PNG files.")
        {
            what, data, runs, output, images, step, teacher, recipe, set, device,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var rows = parsed.GetValue(images);
            if (rows <= 0)
                throw new UserErrorException($"--images is {rows}; give a number above 0.");
            var name = parsed.GetRequiredValue(what);
            var order = new EvaluateRequest(
                name,
                parsed.GetRequiredValue(runs),
                parsed.GetValue(data),
                [],
                [],
                parsed.GetValue(step),
                parsed.GetValue(teacher),
                parsed.GetValue(recipe),
                parsed.GetValue(set)!,
                null,
                Devices.Parse(parsed.GetValue(device)));
            var folder = parsed.GetValue(output) ?? $"{Path.GetFileNameWithoutExtension(name)}-pictures";
            using var pictures = new EncoderPictures(order, folder, rows);
            var drawn = await Progress.Run(screen, $"features of {name}", 1, _ => "", progress => pictures.Draw((done, all) => progress.Report((double)done / all), cancellation));
            foreach (var picture in drawn)
            {
                var path = Path.Combine(folder, picture.Name);
                if (screen.Json)
                    screen.JsonLine(new { picture = picture.Name, file = picture.LeftOut is null ? Path.GetFullPath(path) : null, picture.What, picture.LeftOut });
                else
                    screen.Line(picture.LeftOut is null ? $"{ProjectFiles.Short(path)}: {picture.What}" : $"{picture.Name} left out: {picture.LeftOut}");
            }

            return ExitCodes.Well;
        });
        return command;
    }
}
