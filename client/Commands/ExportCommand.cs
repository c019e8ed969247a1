using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Evaluation;
using SslOrleans.Contracts;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Checkpoints;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo export</c>: the encoder as one safetensors file with torchvision's or timm's names.</summary>
public static class ExportCommand
{
    private const string Backbone = "backbone.";

    public static Command Build(Screen screen)
    {
        var run = new Argument<string>("run") { Description = "Name of the run." };
        var output = new Argument<FileInfo>("file") { Description = "The file to write, as in encoder.safetensors." };
        var runs = CommonOptions.Runs();
        var teacher = new Option<bool>("--teacher") { Description = "The EMA teacher's encoder instead of the student's." };
        var command = new Command("export", "Writes the trained encoder, without heads, so that Python loads it without this program.") { run, output, runs, teacher };
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = parsed.GetRequiredValue(run);
            var storage = RunStorage.Open(parsed.GetRequiredValue(runs));
            var recipe = await RunRecord.ReadRecipe(storage, name);
            var newest = (await new CheckpointStore(storage, name).Newest(long.MaxValue)).Found
                ?? throw new UserErrorException($"Run {name} has no whole checkpoint yet; write one with `sslo stop {name}`.");
            var content = await new CheckpointStore(storage, name).Read(newest.Step);
            var tensors = Encoder(content, parsed.GetValue(teacher), name);
            var bytes = SafetensorsWriter.ToArray(
                tensors, new Dictionary<string, string>(EncoderSource.Describe(recipe)) { ["run"] = name, ["step"] = $"{newest.Step}", ["weights"] = newest.WeightsHash });
            var path = parsed.GetRequiredValue(output).FullName;
            await File.WriteAllBytesAsync(path + ".new", bytes, cancellation);
            File.Move(path + ".new", path, overwrite: true);
            if (screen.Json)
                screen.JsonLine(new { run = name, step = newest.Step, file = path, tensors = tensors.Count });
            else
                screen.Line($"{path}: {tensors.Count} tensors of step {newest.Step}");
            return ExitCodes.Well;
        });
        return command;
    }

    private static List<SafetensorsTensor> Encoder(CheckpointContent content, bool teacher, string run)
    {
        if (teacher && content.Teacher.Count == 0)
            throw new UserErrorException($"Run {run} has no teacher; leave --teacher out.");
        var statistics = teacher ? "teacher." + Backbone : Backbone;
        return
        [
            .. (teacher ? content.Teacher : content.Parameters).Where(t => t.Key.StartsWith(Backbone, StringComparison.Ordinal) && !IsStatistic(t.Key))
                .Select(t => new SafetensorsTensor(t.Key[Backbone.Length..], t.Value.Shape, t.Value.Values)),
            .. content.Parameters.Where(t => t.Key.StartsWith(statistics, StringComparison.Ordinal) && IsStatistic(t.Key))
                .Select(t => new SafetensorsTensor(t.Key[statistics.Length..], t.Value.Shape, t.Value.Values)),
        ];
    }

    private static bool IsStatistic(string name) => name.EndsWith(".running_mean", StringComparison.Ordinal) || name.EndsWith(".running_var", StringComparison.Ordinal);
}
