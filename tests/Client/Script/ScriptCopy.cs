using System.Diagnostics;
using SslOrleans.Client.CommandLine;

namespace SslOrleans.Client.Tests.Script;

/// <summary>
/// The script ./sslo on a machine of the test's making: a copy in an empty folder, and stand-ins on PATH for what it calls. The
/// stand-in for dotnet has an SDK, "builds" by making an empty program, and runs <c>tests/NAME/run</c> for the test project NAME.
/// </summary>
internal sealed class ScriptCopy : IDisposable
{
    private const string Dotnet = """
        case $1 in
          --list-sdks) echo '10.0.100 [/stand-in]' ;;
          build)
            echo built >>"$SSLO_ROOT/builds"
            if [ -e "$SSLO_ROOT/errors" ]; then cat "$SSLO_ROOT/errors"; exit 1; fi
            mkdir -p "$SSLO_ROOT/.build/cpu/bin/SslOrleans.Client/release"
            : >"$SSLO_ROOT/.build/cpu/bin/SslOrleans.Client/release/sslo.dll" ;;
          exec)
            name=$(basename "$2" .Tests.dll)
            run=$SSLO_ROOT/tests/${name#SslOrleans.}/run
            if [ -e "$run" ]; then exec sh "$run" "$@"; fi
            echo "$0 $3" ;;
        esac
        """;

    public ScriptCopy()
    {
        File.Copy(Path.Combine(ProjectFiles.Root, "sslo"), Folder.In("sslo"));
        foreach (var folder in new[] { "bin", "bench", "build", "contracts", "learning", "grains", "silo", "client", "tests" })
            Directory.CreateDirectory(Folder.In(folder));
        foreach (var file in new[] { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json", "SslOrleans.sln" })
            Folder.Write(file, "");
        Package("libtorch-cpu-linux-x64");
        Package("microsoft.playwright");
        Tool("id", "echo 1000");
        Tool("sudo", "exit 1");
        Tool("apt-get", "echo apt-get was called >&2; exit 100");
        Tool("apt-cache", "exit 100");
        Tool("dpkg-query", "echo 'install ok installed'");
        Tool("dotnet", Dotnet);
    }

    public TestFolder Folder { get; } = new();

    /// <summary>How often something was built.</summary>
    public int Builds => File.Exists(Folder.In("builds")) ? File.ReadAllLines(Folder.In("builds")).Length : 0;

    /// <summary>Puts a program on PATH.</summary>
    public void Tool(string name, string script) => Executable($"bin/{name}", script);

    /// <summary>There is no .NET 10 SDK; Microsoft's script would bring the stand-in.</summary>
    public void WithoutSdk()
    {
        Tool("dotnet", "echo '8.0.400 [/stand-in]'");
        Executable("an-sdk", Dotnet);
    }

    /// <summary>Makes a test project.</summary>
    /// <param name="name">Its name without ".Tests".</param>
    /// <param name="run">What the test program does, for sh.</param>
    /// <param name="properties">Properties of its project file.</param>
    public void TestProject(string name, string run, string properties = "")
    {
        Directory.CreateDirectory(Folder.In($"tests/{name}"));
        Folder.Write($"tests/{name}/{name}.Tests.csproj", properties);
        Folder.Write($"tests/{name}/run", run + "\n");
    }

    public (int Code, string Text) Run(string arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        Assert.True(process.WaitForExit(60_000), "the script hangs");
        return (process.ExitCode, output.Result + error.Result);
    }

    public Process Start(string arguments)
    {
        var start = new ProcessStartInfo("bash", $"{Folder.In("sslo")} {arguments}") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{Folder.In("bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["HOME"] = Folder.Path;
        start.Environment["NUGET_PACKAGES"] = Folder.In("packages");
        start.Environment.Remove("DOTNET_ROOT");
        return Process.Start(start)!;
    }

    public void Dispose() => Folder.Dispose();

    /// <summary>A package that was restored before.</summary>
    private void Package(string name)
    {
        Directory.CreateDirectory(Folder.In($"packages/{name}/1.0.0"));
        Folder.Write($"packages/{name}/1.0.0/.nupkg.metadata", "{}");
    }

    private void Executable(string name, string script)
    {
        File.WriteAllText(Folder.In(name), $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(Folder.In(name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
