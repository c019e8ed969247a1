using System.Diagnostics;

namespace SslOrleans.Build.Tests;

/// <summary>What deploy/Dockerfile does with the program.</summary>
public sealed class PublicationTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sslo-publish-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    [Trait("Category", "Slow")]
    public void A_publication_is_whole_without_the_package_folder_and_this_build_and_runs_from_elsewhere()
    {
        var (output, artifacts) = (Path.Combine(_folder.FullName, "app"), Path.Combine(_folder.FullName, "artifacts"));
        var project = Path.Combine(Built.RepositoryRoot, "client", "SslOrleans.Client.csproj");
        Assert.Equal((0, ""), Run("dotnet", ["publish", project, "-c", "Release", "-r", "linux-x64", "--self-contained", "false", "-o", output, $"-p:ArtifactsPath={artifacts}", "-nr:false", "-v:q", "--nologo"]));
        Directory.Delete(artifacts, recursive: true);

        Assert.DoesNotContain(new DirectoryInfo(output).EnumerateFileSystemInfos("*", SearchOption.AllDirectories), f => f.LinkTarget is not null);
        Assert.Equal(TorchSharpAssembly.Adapt(File.ReadAllBytes(Built.TorchSharp)), File.ReadAllBytes(Path.Combine(output, "TorchSharp.dll")));
        var (code, text) = Run("dotnet", ["exec", Path.Combine(output, "sslo.dll"), "doctor"]);
        Assert.True(code == 0, text);
        Assert.Matches($@"✓ libtorch +\S+ from {output}\n", text);
    }

    private (int Code, string Output) Run(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, WorkingDirectory = _folder.FullName };
        start.Environment.Remove("SSLO_ROOT");
        start.Environment.Remove("LIBTORCH_HOME");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
