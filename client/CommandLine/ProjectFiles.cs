using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.CommandLine;

/// <summary>Files that come with the project, wherever the program is called from.</summary>
public static class ProjectFiles
{
    /// <summary>The repository's root: what the script says, else the nearest folder above the program that has recipes.</summary>
    public static string Root { get; } = FindRoot();

    public static string Recipes => Path.Combine(Root, "recipes");

    /// <summary>The recipe files that come with the project, by name.</summary>
    public static IReadOnlyList<string> RecipeFiles()
        => Directory.Exists(Recipes)
            ? [.. Directory.EnumerateFiles(Recipes, "*.jsonc", SearchOption.AllDirectories).Order(StringComparer.Ordinal)]
            : [];

    /// <summary>A path as it is; else the recipe of that name.</summary>
    /// <exception cref="UserErrorException">There is neither.</exception>
    public static string FindRecipe(string pathOrName)
    {
        if (File.Exists(pathOrName))
            return pathOrName;
        var files = RecipeFiles();
        var named = files.FirstOrDefault(f => Name(f) == pathOrName);
        if (named is not null)
            return named;
        var beside = Path.Combine(Root, pathOrName);
        if (File.Exists(beside))
            return beside;
        var hint = RecipeKeys.Hint(Path.GetFileNameWithoutExtension(pathOrName), files.Select(Name));
        throw new UserErrorException($"Recipe {pathOrName} does not exist;{hint} `sslo recipe list` shows those that come with the project.");
    }

    /// <summary>A path as short as it can be said from here.</summary>
    public static string Short(string path)
    {
        var relative = Path.GetRelativePath(Directory.GetCurrentDirectory(), path);
        return relative.StartsWith("../..", StringComparison.Ordinal) ? path : relative;
    }

    /// <summary>The name of a recipe file: its path under recipes/ without the ending.</summary>
    public static string Name(string file) => Path.ChangeExtension(Path.GetRelativePath(Recipes, file), null).Replace('\\', '/');

    private static string FindRoot()
    {
        if (Environment.GetEnvironmentVariable("SSLO_ROOT") is { Length: > 0 } said)
            return said;
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "SslOrleans.sln")))
                return at.FullName;
        }

        return Directory.GetCurrentDirectory();
    }
}
