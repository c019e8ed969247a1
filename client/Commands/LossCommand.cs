using System.CommandLine;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo loss</c>: a method's loss and gradients on embeddings that the user brings.</summary>
public static class LossCommand
{
    /// <summary>Whole numbers beside the embeddings: which sample each row is, for losses with a bank.</summary>
    private const string SampleIds = "sampleIds";

    public static Command Build(Screen screen)
    {
        var method = new Argument<string>("method") { Description = "A method that `sslo methods` shows; `sslo methods METHOD` names its tensors." };
        var input = new Argument<FileInfo>("input") { Description = $"A safetensors file with the embeddings and the state; int64 {SampleIds} [N] where the method has a bank (default 0 … N−1)." };
        var set = CommonOptions.Set();
        var output = new Option<FileInfo?>("--out") { Description = "Writes the gradients into a safetensors file, by the names of the embeddings.", HelpName = "file" };
        var step = new Option<long>("--step") { Description = "Step that the loss believes to be at." };
        var epoch = new Option<long>("--epoch") { Description = "Epoch that the loss believes to be in." };
        var command = new Command("loss", "A method's loss and its gradients on embeddings from a file: sslo loss simclr z.safetensors --set loss.temperature=0.5")
        {
            method, input, set, output, step, epoch,
        };
        command.SetAction(parsed =>
        {
            var (at, file) = (parsed.GetRequiredValue(input), parsed.GetValue(output));
            if (parsed.GetValue(step) < 0 || parsed.GetValue(epoch) < 0)
                throw new UserErrorException($"--step is {parsed.GetValue(step)} and --epoch {parsed.GetValue(epoch)}; both count from 0.");
            var (tensors, samples) = Read(at);
            if (file is not null)
                CheckOutput(at, file);
            var name = parsed.GetRequiredValue(method);
            var result = LossBench.Compute(name, tensors, parsed.GetValue(set)!, parsed.GetValue(step), parsed.GetValue(epoch), samples);
            if (file is not null)
                Write(file.FullName, name, result);
            Show(screen, name, result, file?.FullName);
            if (result.Unused.Count > 0)
                screen.Note($"note: {string.Join(", ", result.Unused)} given and not used by {name} at step {parsed.GetValue(step)}, epoch {parsed.GetValue(epoch)} with these settings (--step, --epoch, --set)");
            if (result.NotFinite is not { } what)
                return ExitCodes.Well;
            screen.Note($"sslo: {name}: {what}, from finite embeddings; look at the settings, and at embeddings that have no variance or are too few for their width.");
            return ExitCodes.Failed;
        });
        return command;
    }

    private static (List<NamedArray> Tensors, long[]? Samples) Read(FileInfo file)
    {
        if (!file.Exists)
            throw new UserErrorException($"{file} does not exist; bring a safetensors file with the embeddings.");
        try
        {
            var content = SafetensorsFile.Load(file.FullName);
            if (content.Entries.All(e => e.Name == SampleIds))
                throw new UserErrorException($"{file} holds no embeddings; `sslo methods METHOD` names what a method takes.");
            return (
                [.. content.Entries.Where(e => e.Name != SampleIds).Select(e => e.Type is "I64" or "I32"
                    ? new NamedArray(e.Name, e.Shape, Array.ConvertAll(content.Integers(e.Name), i => (float)i), false)
                    : new NamedArray(e.Name, e.Shape, content.Floats(e.Name), true))],
                content.Contains(SampleIds) ? content.Integers(SampleIds) : null);
        }
        catch (SafetensorsException e)
        {
            throw new UserErrorException(e.Message, e);
        }
    }

    private static void CheckOutput(FileInfo input, FileInfo output)
    {
        if (Real(input) == Real(output))
            throw new UserErrorException($"--out {output} is the input; name another file for the gradients.");
        if (output.Directory is not { Exists: true })
            throw new UserErrorException($"--out {output}: the folder {output.DirectoryName} does not exist; make it, or name another file.");

        static string Real(FileInfo file) => Path.GetFullPath((file.Exists ? file.ResolveLinkTarget(returnFinalTarget: true) : null)?.FullName ?? file.FullName);
    }

    private static void Write(string path, string method, LossValue result)
        => File.WriteAllBytes(path, SafetensorsWriter.ToArray(
            [.. result.Gradients.Select(g => new SafetensorsTensor(g.Name, g.Shape, g.Values))],
            new Dictionary<string, string> { ["method"] = method, ["loss"] = result.Loss.ToString("R", CultureInfo.InvariantCulture) }));

    private static void Show(Screen screen, string method, LossValue result, string? written)
    {
        var gradients = result.Gradients.Select(g => (g.Name, g.Shape, Norm: Math.Sqrt(g.Values.Sum(v => (double)v * v)), Largest: g.Values.Max(Math.Abs))).ToList();
        if (screen.Json)
        {
            screen.JsonLine(new
            {
                method,
                loss = result.Loss,
                terms = result.Terms,
                gradients = gradients.ToDictionary(g => g.Name, g => new { g.Shape, g.Norm, g.Largest }),
                @out = written,
                unused = result.Unused,
                notFinite = result.NotFinite,
            });
            return;
        }

        screen.Line(string.Create(CultureInfo.InvariantCulture, $"{method}: loss {result.Loss:G9}"));
        foreach (var (name, value) in result.Terms)
            screen.Line(string.Create(CultureInfo.InvariantCulture, $"  {name} {value:G9}"));
        foreach (var g in gradients)
            screen.Line(string.Create(CultureInfo.InvariantCulture, $"gradient by {g.Name} [{string.Join(", ", g.Shape)}]: norm {g.Norm:G6}, largest {g.Largest:G6}"));
        if (written is not null)
            screen.Line($"written to {ProjectFiles.Short(written)}");
    }
}
