using System.Diagnostics;
using SslOrleans.Bench.Actors;
using SslOrleans.Client.CommandLine;

namespace SslOrleans.Client.Tests;

/// <summary><c>./sslo bench actors --check</c>: calls are no slower than Microsoft Orleans'.</summary>
public class BenchActorsTests
{
    [Theory]
    [InlineData(0.12, null, 0.12, true)]
    [InlineData(0.12, null, 0.1201, false)]
    [InlineData(800, 100.0, 99, true)]
    [InlineData(800, 100.0, 101, false)]
    [InlineData(20, null, double.NaN, false)]
    public void A_row_that_is_slower_than_it_may_be_is_named(double orleans, double? target, double here, bool good)
    {
        var complaint = new Row("tiny call", orleans, here, target).Complaint;

        if (good)
            Assert.Null(complaint);
        else
            Assert.StartsWith("tiny call: ", complaint);
    }

    /// <summary>Times count on a machine that does nothing else.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task No_row_is_slower_than_Microsoft_Orleans()
    {
        var (code, error) = await Bench("--check");

        Assert.True(code == 0, error);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task An_option_that_is_none_is_refused()
    {
        var (code, error) = await Bench("--chekc");

        Assert.Equal(2, code);
        Assert.Contains("not \"--chekc\"", error);
    }

    private static async Task<(int Code, string Error)> Bench(string option)
    {
        var start = new ProcessStartInfo(Path.Combine(ProjectFiles.Root, "sslo"), ["bench", "actors", option]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, $"{await output}\n{await error}");
    }
}
