using SslOrleans.Contracts;

namespace SslOrleans.Client.Training;

/// <summary>Names of runs: also folder names and grain keys.</summary>
public static class RunNames
{
    private const int Longest = 100;

    /// <summary>What a name must be.</summary>
    public static string Rule { get; } = $"up to {Longest} letters, digits, dots, dashes and underscores, beginning with a letter or digit";

    /// <summary>It would do as a folder's.</summary>
    public static bool IsOne(string name)
        => name.Length is > 0 and <= Longest && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name[0] != '.' && name[0] != '-';

    /// <exception cref="UserErrorException">The name would not do as a folder.</exception>
    public static string Check(string name) => IsOne(name) ? name : throw new UserErrorException($"--run is \"{name}\"; use {Rule}.");

    /// <summary>The name itself, or with the first free number behind it.</summary>
    public static string Free(string runsFolder, string name)
    {
        var clean = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')).TrimStart('.', '-');
        clean = clean.Length == 0 ? "run" : clean[..Math.Min(clean.Length, Longest - 6)];
        for (var number = 1; ; number++)
        {
            var candidate = number == 1 ? clean : $"{clean}-{number}";
            if (!Directory.Exists(Path.Combine(runsFolder, candidate)))
                return candidate;
        }
    }
}
