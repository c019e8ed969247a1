using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Records;

/// <summary>What a grain takes back from a checkpoint: its slice of the flat vectors, or its method states.</summary>
public sealed class CheckpointReader
{
    public const string Parameters = CheckpointParts.Parameters;

    public const string Optimizer = CheckpointParts.Optimizer;

    public const string Teacher = CheckpointParts.Teacher;

    private readonly string _where;
    private readonly Dictionary<string, IReadOnlyDictionary<string, CheckpointTensor>> _parts = [];

    private CheckpointReader(string where) => _where = where;

    /// <summary>Reads and checks the named parts of a checkpoint, or all of them when none is named.</summary>
    /// <exception cref="CheckpointException">It is not complete or damaged; names the file.</exception>
    public static Task<CheckpointReader> Open(IRunStorage storage, string run, long step, params string[] parts)
        => Open(new CheckpointStore(storage, run), $"checkpoint {step} of run {run}", step, parts);

    /// <summary>The same of any folder of checkpoints.</summary>
    /// <param name="store">The folder.</param>
    /// <param name="where">What it is, for people.</param>
    /// <param name="step">The step.</param>
    /// <param name="parts">As above.</param>
    public static async Task<CheckpointReader> Open(CheckpointStore store, string where, long step, params string[] parts)
    {
        var manifest = await store.Manifest(step, default);
        var reader = new CheckpointReader(where);
        foreach (var part in parts.Length > 0 ? parts : CheckpointParts.All)
            reader._parts[part] = await store.ReadPart(manifest, part, default);
        return reader;
    }

    /// <summary>The values of a slice, each tensor at its place.</summary>
    /// <param name="part">Parameters, Optimizer or Teacher.</param>
    /// <param name="slice">Which tensors.</param>
    /// <param name="name">The tensor's name in the file.</param>
    /// <returns>Values of the whole slice; zero where the file has no tensor, as for tensors that the teacher does not follow.</returns>
    /// <exception cref="CheckpointException">A tensor of the file has another shape than the recipe's, or is missing.</exception>
    public float[] Vector(string part, LayoutSlice slice, Func<TensorEntry, string> name)
    {
        var tensors = Part(part);
        var values = new float[slice.Length];
        foreach (var entry in slice.Entries)
        {
            if (!tensors.TryGetValue(name(entry), out var tensor))
            {
                if (part == Teacher && !entry.Followed)
                    continue;
                throw new CheckpointException($"{_where}: {CheckpointParts.FileName(part)} has no tensor {name(entry)}, which the recipe needs.");
            }

            if (!tensor.Shape.SequenceEqual(entry.Shape))
                throw new CheckpointException($"{_where}: {CheckpointParts.FileName(part)} has {name(entry)} as [{string.Join(", ", tensor.Shape)}], the recipe as [{string.Join(", ", entry.Shape)}].");
            tensor.Values.CopyTo(values, entry.Offset - slice.Offset);
        }

        return values;
    }

    /// <summary>Named method states with the rows that were ever pushed into each.</summary>
    /// <exception cref="CheckpointException">One of them is not in the file.</exception>
    public IEnumerable<(string Name, float[] Values, long Pushed)> MethodState(IEnumerable<string> names)
    {
        var tensors = Part(CheckpointParts.Method);
        return [.. names.Select(name => tensors.TryGetValue(name, out var tensor)
            ? (name, tensor.Values, tensor.Counter)
            : throw new CheckpointException($"{_where}: {CheckpointParts.FileName(CheckpointParts.Method)} has no state {name}, which the recipe needs."))];
    }

    private IReadOnlyDictionary<string, CheckpointTensor> Part(string part)
        => _parts.TryGetValue(part, out var tensors) ? tensors : throw new InvalidOperationException($"Part {part} of {_where} was not opened.");
}
