namespace SslOrleans.Contracts.Tests;

/// <summary>A folder for recipes that goes away with the test.</summary>
public sealed class RecipeFolder : IDisposable
{
    /// <summary>The least that passes every check.</summary>
    public const string Least = """{ "method": "simclr", "views": [ { "count": 2 } ] }""";

    public string Path { get; } = Directory.CreateTempSubdirectory("sslo-recipes-").FullName;

    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
