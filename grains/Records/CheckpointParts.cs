using System.Globalization;
using SslOrleans.Learning.Checkpoints;

namespace SslOrleans.Grains.Records;

/// <summary>The parts of a checkpoint and how they are laid out in safetensors.</summary>
public static class CheckpointParts
{
    public const string Parameters = "params";

    public const string Optimizer = "optimizer";

    public const string Teacher = "teacher";

    public const string Method = "method";

    /// <summary>Follows the name of a method state in the name of its counter, an int64 scalar.</summary>
    private const string CounterSuffix = "#counter";

    public static IReadOnlyList<string> All { get; } = [Parameters, Optimizer, Teacher, Method];

    public static string FileName(string part) => $"{part}.safetensors";

    internal static IEnumerable<(string Part, IReadOnlyDictionary<string, CheckpointTensor> Tensors)> Of(CheckpointContent content)
        => [(Parameters, content.Parameters), (Optimizer, content.Optimizer), (Teacher, content.Teacher), (Method, content.Method)];

    internal static byte[] Write(string part, CheckpointContent content, IReadOnlyDictionary<string, CheckpointTensor> tensors)
    {
        var written = new List<SafetensorsTensor>();
        foreach (var (name, tensor) in tensors)
        {
            written.Add(new SafetensorsTensor(name, tensor.Shape, tensor.Values.AsMemory()));
            if (part == Method)
                written.Add(new SafetensorsTensor(name + CounterSuffix, [], new[] { tensor.Counter }.AsMemory()));
        }

        return SafetensorsWriter.ToArray(written, new Dictionary<string, string>
        {
            ["format"] = "pt",
            ["step"] = content.Step.ToString(CultureInfo.InvariantCulture),
            ["weightsHash"] = content.WeightsHash,
        });
    }

    internal static IReadOnlyDictionary<string, CheckpointTensor> Read(byte[] bytes, string path)
    {
        try
        {
            var file = SafetensorsFile.Parse(bytes);
            return file.Entries
                .Where(e => !e.Name.EndsWith(CounterSuffix, StringComparison.Ordinal))
                .ToDictionary(
                    e => e.Name,
                    e => new CheckpointTensor(e.Shape, file.Floats(e.Name), file.Contains(e.Name + CounterSuffix) ? file.Integers(e.Name + CounterSuffix)[0] : 0));
        }
        catch (SafetensorsException e)
        {
            throw new CheckpointException($"{path}: {e.Message}", e);
        }
    }
}
