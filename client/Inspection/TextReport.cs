using SslOrleans.Grains.Data;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Inspection;

/// <summary>What is in one split of a text.</summary>
public sealed record TextReport(string Split, int Lines, int Longest, IReadOnlyList<string> Classes, string Fingerprint, IReadOnlyList<string> Notes)
{
    /// <summary>Text files lie there, and nothing else but class names.</summary>
    public static bool IsText(string path)
        => !DataLocations.IsContainer(path)
            && (File.Exists(path) ? Of(path) : Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any() && Directory.EnumerateFileSystemEntries(path).All(f => File.Exists(f) && Of(f)));

    /// <summary>Reports of the training split and of what is held out.</summary>
    /// <exception cref="Contracts.UserErrorException">Nothing readable is there.</exception>
    public static IEnumerable<TextReport> Of(string path, string? split)
    {
        foreach (var name in split is null ? ["train", "test"] : new[] { split })
        {
            using var files = new FolderFiles(path);
            TextLines text;
            try
            {
                text = TextLines.Read(files, name);
            }
            catch (Contracts.UserErrorException) when (name == "test" && split is null)
            {
                continue;
            }

            yield return new TextReport(name, text.Lines.Count, text.Lines.Max(l => l.Length), [.. (text.Labels ?? []).Distinct().Order(StringComparer.Ordinal)], text.Fingerprint, text.Notes);
        }
    }

    private static bool Of(string file) => Path.GetExtension(file).Equals(".txt", StringComparison.OrdinalIgnoreCase);
}
