using System.Diagnostics;
using SslOrleans.Client.CommandLine;

namespace SslOrleans.Client.Tests;

/// <summary>The script ./sslo on machines that lack something: a copy in an empty folder, with stand-ins for apt's tools on PATH.</summary>
public sealed class ScriptTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public ScriptTests()
    {
        File.Copy(Path.Combine(ProjectFiles.Root, "sslo"), _folder.In("sslo"));
        Directory.CreateDirectory(_folder.In("bin"));
        foreach (var source in new[] { "contracts", "learning", "grains", "silo", "client", "light" })
            Directory.CreateDirectory(_folder.In(source));
        foreach (var file in new[] { "props", "targets" })
            _folder.Write($"Directory.Build.{file}", "<Project/>");
        _folder.Write("Directory.Packages.props", "<Project/>");
        Tool("id", "echo 1000");
        Tool("sudo", "exit 1");
        Tool("apt-get", "echo apt-get was called >&2; exit 100");
        Tool("dpkg-query", """case "$*" in *libtorch-dev*) exit 1 ;; *) echo 'install ok installed' ;; esac""");
    }

    [Fact]
    public void Without_the_right_to_install_it_prints_the_one_line_and_ends_with_3()
    {
        var (code, error) = Run("methods");

        Assert.Equal(3, code);
        Assert.Contains("sudo apt-get update && sudo apt-get install -y --no-install-recommends libtorch-dev", error);
        Assert.DoesNotContain("apt-get was called", error);
    }

    [Fact]
    public void Doctor_names_what_is_missing_with_its_mend_and_installs_nothing()
    {
        var (code, output) = Run("doctor");

        Assert.Equal(3, code);
        Assert.Contains("missing: libtorch-dev; apt-get install -y --no-install-recommends libtorch-dev", output);
        Assert.DoesNotContain("apt-get was called", output);
    }

    [Fact]
    public void A_libtorch_of_the_users_own_needs_no_package()
    {
        var (code, output) = Run("doctor", ("LIBTORCH_HOME", _folder.In("nowhere")));

        Assert.Equal(2, code);
        Assert.Contains("which has no folder lib", output);
    }

    [Theory]
    [InlineData("SSLO_PROFILE", "big", "use light or cluster")]
    [InlineData("SSLO_ACTORS", "akka", "use light or orleans")]
    [InlineData("SSLO_TENSORS", "jax", "use light or torchsharp")]
    public void A_wrong_choice_of_profile_is_refused_with_2(string variable, string value, string expected)
    {
        var (code, output) = Run("methods", (variable, value));

        Assert.Equal(2, code);
        Assert.Contains(expected, output);
    }

    [Fact]
    public void Unknown_options_of_test_are_refused_with_2() => Assert.Equal(2, Run("test --sloow").Code);

    public void Dispose() => _folder.Dispose();

    private void Tool(string name, string script)
    {
        File.WriteAllText(_folder.In($"bin/{name}"), $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(_folder.In($"bin/{name}"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    private (int Code, string Text) Run(string arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("bash", $"{_folder.In("sslo")} {arguments}") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{_folder.In("bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        foreach (var variable in new[] { "LIBTORCH_HOME", "SSLO_PROFILE", "SSLO_ACTORS", "SSLO_TENSORS", "SSLO_ROOT" })
            start.Environment.Remove(variable);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        Assert.True(process.WaitForExit(60_000), "the script hangs");
        return (process.ExitCode, output.Result + error.Result);
    }
}
