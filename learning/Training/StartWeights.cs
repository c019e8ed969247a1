using System.Security.Cryptography;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Checkpoints;

namespace SslOrleans.Learning.Training;

/// <summary>
/// Weights that a training starts from: an encoder of <c>sslo export</c>, a checkpoint's parameters, or torchvision's or timm's safetensors. A
/// tensor is taken where name and shape are those of the networks; the backbone's may lack <c>backbone.</c>. All others start as ever.
/// </summary>
public sealed class StartWeights
{
    private const string Backbone = "backbone.";
    private const int Named = 8;

    private readonly string _field;
    private readonly string _path;
    private readonly SafetensorsFile _file;

    private StartWeights(string field, string path, SafetensorsFile file) => (_field, _path, _file) = (field, path, file);

    /// <summary>The file that the recipe names; null when it names none.</summary>
    /// <exception cref="UserErrorException">It is not there, is no safetensors file, or is another one than the run was begun with.</exception>
    public static StartWeights? Of(Recipe recipe) => Open("initial", recipe.Initial, recipe.InitialHash);

    /// <summary>The same of a teacher that never changes.</summary>
    /// <exception cref="UserErrorException">As for <see cref="Of"/>.</exception>
    public static StartWeights? OfTeacher(Recipe recipe) => Open("teacher.weights", recipe.Teacher.Weights, recipe.Teacher.WeightsHash);

    private static StartWeights? Open(string field, string path, string begunWith)
    {
        if (path.Length == 0)
            return null;
        if (!File.Exists(path))
            throw new UserErrorException($"{field} is {path}, and no such file is here; give a safetensors file, as `sslo export RUN FILE` writes it.") { Reason = RefusalReason.Worker };
        if (begunWith.Length > 0 && Hash(path) is var hash && hash != begunWith)
            throw new UserErrorException($"{field} is {path}, whose content has hash {hash}; the run was begun with {begunWith}. Bring that file back.") { Reason = RefusalReason.Worker };
        try
        {
            return new StartWeights(field, path, SafetensorsFile.Load(path));
        }
        catch (SafetensorsException e)
        {
            throw new UserErrorException($"{field}: {e.Message}", e);
        }
    }

    /// <summary>SHA-256 of a file, hexadecimal.</summary>
    public static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>What was taken from both files, in words; null when there is neither.</summary>
    public static string? Together(string? initial, string? teacher) => initial is null ? teacher : teacher is null ? initial : $"{initial}; {teacher}";

    /// <summary>Puts what fits into a flat vector.</summary>
    /// <param name="entries">Its layout.</param>
    /// <param name="flat">Initial values.</param>
    /// <param name="whole">Every entry must be in the file.</param>
    /// <returns>What was taken and what was not, in words.</returns>
    /// <exception cref="UserErrorException">Nothing of the backbone fits; or, where everything must, something does not.</exception>
    public string Fill(IReadOnlyList<TensorEntry> entries, Span<float> flat, bool whole = false)
    {
        var (taken, missing, other, used) = (new List<string>(), new List<string>(), new List<string>(), new HashSet<string>());
        foreach (var entry in entries.Where(e => e.Kind != TensorKind.Probe))
        {
            if (NameOf(entry.Name) is not { } name)
            {
                missing.Add(entry.Name);
                continue;
            }

            used.Add(name);
            var found = _file.Entry(name);
            if (!found.Shape.SequenceEqual(entry.Shape) || found.Type is not ("F32" or "F16" or "BF16" or "F64"))
            {
                other.Add($"{entry.Name} ({Shape(found.Shape)} {found.Type} there, {Shape(entry.Shape)} here)");
                continue;
            }

            var values = flat.Slice(entry.Offset, entry.Length);
            _file.CopyFloats(name, values);
            foreach (var value in values)
            {
                if (!float.IsFinite(value))
                    throw new UserErrorException($"{_field}: {_path} has {value} in {name}; give weights that are finite.");
            }

            taken.Add(entry.Name);
        }

        if (!taken.Any(t => t.StartsWith(Backbone, StringComparison.Ordinal)))
            throw new UserErrorException($"{_field}: {_path} has no tensor of this backbone (it has {List(_file.Entries.Select(e => e.Name))}; the backbone has {List(entries.Where(e => e.Name.StartsWith(Backbone, StringComparison.Ordinal)).Select(e => e.Name[Backbone.Length..]))}); give weights of the same backbone.");
        if (whole && missing.Concat(other).ToList() is { Count: > 0 } lacking)
            throw new UserErrorException($"{_field}: {_path} lacks what the teacher needs: {List(lacking)}; give the checkpoint of a run with the same teacher.backbone, projector and heads.");
        var unused = _file.Entries.Select(e => e.Name).Where(n => !used.Contains(n)).ToList();
        return $"{(whole ? "teacher" : "initial weights")}: {taken.Count} tensors taken from {_path}"
            + (other.Count > 0 ? $"; {other.Count} of another shape not taken: {List(other)}" : "")
            + (missing.Count > 0 ? $"; {missing.Count} not in it, drawn as ever: {List(missing)}" : "")
            + (unused.Count > 0 ? $"; {unused.Count} of the file not used: {List(unused)}" : "");
    }

    /// <summary>The file's name of a tensor; the teacher's own statistics are the student's where the file has no others.</summary>
    private string? NameOf(string name)
    {
        var plain = name.StartsWith(TensorEntry.TeacherPrefix, StringComparison.Ordinal) ? name[TensorEntry.TeacherPrefix.Length..] : name;
        var bare = plain.StartsWith(Backbone, StringComparison.Ordinal) ? plain[Backbone.Length..] : plain;
        return new[] { name, plain, bare }.FirstOrDefault(_file.Contains);
    }

    private static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    private static string List(IEnumerable<string> names)
    {
        var all = names.ToList();
        return string.Join(", ", all.Take(Named)) + (all.Count > Named ? $" and {all.Count - Named} more" : "");
    }
}
