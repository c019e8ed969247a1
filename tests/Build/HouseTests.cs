using System.Text.RegularExpressions;

namespace SslOrleans.Build.Tests;

/// <summary>What keeps the house in order: folders that point one way, files and classes of a size that one can read.</summary>
public partial class HouseTests
{
    private const int MostLines = 300;
    private const int MostMutableFields = 8;

    private static readonly string[] s_projects = ["contracts", "learning", "grains", "silo", "client"];

    /// <summary>Folders of the project among which each reaches, by its usings, some that reach it.</summary>
    [Theory]
    [InlineData("contracts", "SslOrleans.Contracts")]
    [InlineData("learning", "SslOrleans.Learning")]
    [InlineData("grains", "SslOrleans.Grains")]
    [InlineData("silo", "SslOrleans.Silo")]
    [InlineData("client", "SslOrleans.Client")]
    public void Two_folders_of_a_project_do_not_use_each_other(string project, string root)
    {
        var uses = Files(project)
            .SelectMany(f => Regex.Matches(f.Text, $@"^using (?:static )?{Regex.Escape(root)}\.(\w+)", RegexOptions.Multiline).Select(m => (From: Folder(f.Path), To: m.Groups[1].Value)))
            .Where(u => u.From != u.To && u.From.Length > 0)
            .ToHashSet();

        Assert.NotEmpty(Files(project));
        Assert.Empty(uses.Where(u => uses.Contains((u.To, u.From)) && string.CompareOrdinal(u.From, u.To) < 0).Select(u => $"{project}: {u.From} and {u.To}"));

        string Folder(string path) => Path.GetRelativePath(Path.Combine(Built.RepositoryRoot, project), path).Split('/') is [var first, _, ..] ? first : "";
    }

    [Fact]
    public void No_file_is_longer_than_one_reads_at_once()
        => Assert.Empty(s_projects.Concat(["tests", "build", "bench"]).SelectMany(Files)
            .Where(f => f.Text.Count(c => c == '\n') > MostLines).Select(f => Path.GetRelativePath(Built.RepositoryRoot, f.Path)));

    [Fact]
    public void No_class_changes_more_than_a_handful_of_fields()
        => Assert.Empty(s_projects.SelectMany(Files)
            .Where(f => MutableField().Count(f.Text) > MostMutableFields).Select(f => Path.GetRelativePath(Built.RepositoryRoot, f.Path)));

    /// <summary>The example of docs/new-method.md is of files that its reader makes.</summary>
    [Fact]
    public void Files_that_the_documentation_names_are_there()
    {
        var pages = Directory.EnumerateFiles(Path.Combine(Built.RepositoryRoot, "docs"), "*.md", SearchOption.AllDirectories).Append(Path.Combine(Built.RepositoryRoot, "README.md"));
        var named = pages.Where(p => Path.GetFileName(p) != "new-method.md").SelectMany(p => NamedFile().Matches(File.ReadAllText(p)).Select(m => (Page: Path.GetFileName(p), File: m.Value))).Distinct().ToList();

        Assert.NotEmpty(named);
        Assert.DoesNotContain(named, n => !File.Exists(Path.Combine(Built.RepositoryRoot, n.File)));
    }

    private static IEnumerable<(string Path, string Text)> Files(string folder)
        => Directory.EnumerateFiles(Path.Combine(Built.RepositoryRoot, folder), "*.cs", SearchOption.AllDirectories).Select(p => (p, File.ReadAllText(p)));

    /// <summary>A private field of a type at the top of its file, neither constant nor read-only.</summary>
    [GeneratedRegex(@"^    private (?!static|const|readonly)[^=;{}]*? _\w+(?: = [^;]*)?;", RegexOptions.Multiline)]
    private static partial Regex MutableField();

    [GeneratedRegex(@"\b(?:contracts|learning|grains|silo|client|tests|build)/[A-Za-z/]+\.cs\b")]
    private static partial Regex NamedFile();
}
