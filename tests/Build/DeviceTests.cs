using System.Diagnostics;
using System.Text.Json;

namespace SslOrleans.Build.Tests;

/// <summary>Which libtorch the property Device brings.</summary>
public class DeviceTests
{
    private static readonly string s_learning = Path.Combine(Built.RepositoryRoot, "learning", "SslOrleans.Learning.csproj");

    [Theory]
    [InlineData("cpu", "TorchSharp", "libtorch-cpu-linux-x64")]
    [InlineData("cuda", "TorchSharp", "TorchSharp-cuda-linux")]
    public void A_device_brings_its_own_libtorch_only(string device, params string[] expected)
    {
        var (code, output) = MSBuild("-getItem:PackageReference", $"-p:Device={device}");

        Assert.Equal(0, code);
        var packages = JsonDocument.Parse(output).RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray().Select(p => p.GetProperty("Identity").GetString()!);
        Assert.Equal(expected, packages.Where(p => p.Contains("torch", StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public void Another_device_is_refused_in_one_line()
    {
        var (code, output) = MSBuild("-t:Restore", "-p:Device=tpu", "-v:q");

        Assert.Equal(1, code);
        Assert.Contains("error SSLO002: Device is \"tpu\"; use cpu or cuda.", output);
        Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static (int Code, string Output) MSBuild(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["msbuild", s_learning, "-nologo", "-nr:false", .. arguments]) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
