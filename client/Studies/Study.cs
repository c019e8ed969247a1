using System.Text.Json;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Studies;

/// <summary>One side of a comparison.</summary>
/// <param name="Name">As tables say it; also part of the runs' names.</param>
/// <param name="Recipe">A recipe that comes with the project.</param>
/// <param name="Set">What it changes, as <c>projector.shape=</c>.</param>
public sealed record StudyArm(string Name, string Recipe, IReadOnlyList<string> Set);

/// <summary>A claim of the cookbook as runs that differ in what the claim is about.</summary>
/// <param name="Claim">Row of the inventory: K41 …</param>
/// <param name="Says">What the cookbook says.</param>
/// <param name="Look">Which columns decide.</param>
/// <param name="Arms">At least two.</param>
public sealed record Study(string Claim, string Says, string Look, IReadOnlyList<StudyArm> Arms)
{
    private static readonly JsonSerializerOptions s_json = new(RecipeReader.SerializerOptions) { ReadCommentHandling = JsonCommentHandling.Skip };

    /// <summary>The file's name.</summary>
    public string Name { get; private init; } = "";

    /// <summary>Those that come with the project, by name.</summary>
    public static IReadOnlyList<Study> All()
        => [.. Directory.EnumerateFiles(Path.Combine(ProjectFiles.Recipes, "studies"), "*.json").Order(StringComparer.Ordinal).Select(Read)];

    /// <exception cref="UserErrorException">There is none of that name.</exception>
    public static Study Find(string name)
    {
        var all = All();
        return all.FirstOrDefault(s => s.Name == name)
            ?? throw new UserErrorException($"There is no study {name};{RecipeKeys.Hint(name, all.Select(s => s.Name))} use one of {string.Join(", ", all.Select(s => s.Name))}.");
    }

    /// <summary>Reads a study file.</summary>
    /// <exception cref="UserErrorException">It is not one.</exception>
    public static Study Read(string path)
    {
        try
        {
            var study = JsonSerializer.Deserialize<Study>(File.ReadAllText(path), s_json)!;
            return study.Arms is { Count: >= 2 } arms && arms.Select(a => a.Name).Distinct().Count() == arms.Count
                ? study with { Name = Path.GetFileNameWithoutExtension(path) }
                : throw new UserErrorException($"{path}: arms must be two or more of different names.");
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{path}: {e.Message}", e);
        }
    }
}
