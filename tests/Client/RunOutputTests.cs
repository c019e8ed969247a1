using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

/// <summary>What a run leaves for other programs and other people: CSV, TensorBoard's files, the report.</summary>
public sealed partial class RunOutputTests(RunOutputTests.Trained trained) : IClassFixture<RunOutputTests.Trained>
{
    [Fact]
    public async Task Csv_has_every_value_as_it_was_written()
    {
        var call = await Invocation.Of("metrics", "small", "--runs", trained.Runs, "--csv", "--metric", "loss", "--metric", "knn");
        Assert.True(call.Code == 0, call.Error);
        var lines = call.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("step,knn,loss", lines[0]);
        var written = (await MetricsLog.Read(RunStorage.Open(trained.Runs), "small")).Where(e => e.Values.ContainsKey("loss")).ToDictionary(e => e.Step, e => e.Values["loss"]);
        Assert.Equal(6, written.Count);
        foreach (var cells in lines.Skip(1).Select(l => l.Split(',')))
        {
            if (written.TryGetValue(long.Parse(cells[0], CultureInfo.InvariantCulture), out var loss))
                Assert.Equal(loss, double.Parse(cells[2], CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task A_complete_run_is_not_resumed()
    {
        var call = await Invocation.Of("resume", "small", "--runs", trained.Runs);

        Assert.Equal(0, call.Code);
        var hash = (await Invocation.Of("hash", "small", "--runs", trained.Runs)).Output.Trim();
        Assert.StartsWith($"small is complete: 6 steps, weights {hash}; there is nothing to resume.", call.Output, StringComparison.Ordinal);
        Assert.Single(call.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task An_independent_reader_of_event_files_finds_every_value()
    {
        var folder = Path.Combine(trained.Folder.Path, "board");
        var call = await Invocation.Of("metrics", "small", "--runs", trained.Runs, "--tensorboard", folder);
        Assert.True(call.Code == 0, call.Error);
        var file = Assert.Single(Directory.GetFiles(Path.Combine(folder, "small")));
        Assert.StartsWith("events.out.tfevents.", Path.GetFileName(file), StringComparison.Ordinal);

        using var process = Process.Start(new ProcessStartInfo("python3", [Path.Combine(AppContext.BaseDirectory, "Python", "read_tfevents.py"), file]) { RedirectStandardOutput = true })!;
        var read = JsonDocument.Parse(await process.StandardOutput.ReadToEndAsync()).RootElement;
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        Assert.Equal("brain.Event:2", read.GetProperty("version").GetString());
        var scalars = read.GetProperty("scalars").EnumerateArray().ToDictionary(s => (s[0].GetInt64(), s[1].GetString()!), s => s[2].GetDouble());
        var entries = await MetricsLog.Read(RunStorage.Open(trained.Runs), "small");
        Assert.Equal(entries.Sum(e => e.Values.Count), scalars.Count);
        foreach (var entry in entries)
        {
            foreach (var (name, value) in entry.Values)
                Assert.Equal((float)value, (float)scalars[(entry.Step, name)]);
        }

        Assert.InRange((DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalSeconds - read.GetProperty("last").GetDouble(), 0, 600);
    }

    [Fact]
    public async Task The_report_says_everything_and_asks_no_host()
    {
        var path = Path.Combine(trained.Folder.Path, "report.html");
        var call = await Invocation.Of("report", "small", "--runs", trained.Runs, "--out", path);
        Assert.True(call.Code == 0, call.Error);
        var page = await File.ReadAllTextAsync(path);

        var last = (await Ledger.Read(RunStorage.Open(trained.Runs), "small"))[^1];
        Assert.Contains(last.Hash, page);
        Assert.Contains(last.Chain, page);
        Assert.Contains("0 lost, 0 twice", page);
        Assert.Contains("<svg", page);
        Assert.Contains("joined", page);
        Assert.Contains("batch.micro", page);
        Assert.DoesNotContain("<script", page);
        Assert.DoesNotContain(Outside().Matches(page), m => !m.Value.Contains("www.w3.org/2000/svg", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("did you mean loss?", "metrics", "small", "--metric", "los")]
    [InlineData("There is no run nobody", "metrics", "nobody")]
    [InlineData("There is no run nobody", "report", "nobody")]
    public async Task Bad_input_is_one_line_and_2(string expected, params string[] args)
    {
        var call = await Invocation.Of([.. args, "--runs", trained.Runs]);

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine);
    }

    [GeneratedRegex("(https?:)?//[a-z0-9.-]+\\.[a-z]{2,}[^\"' <]*")]
    private static partial Regex Outside();

    /// <summary>A run of six steps.</summary>
    public sealed class Trained : IAsyncLifetime
    {
        public TestFolder Folder { get; } = new();

        public string Runs => Folder.In("runs");

        public async ValueTask InitializeAsync()
        {
            GeneratedImages.Write(Folder.In("images"), 64, 16, 1);
            var recipe = Folder.Write("small.jsonc", """
                { "method": "simclr", "batch": { "effective": 16, "micro": 8 }, "views": [ { "count": 2 } ], "projector": { "shape": "16" } }
                """);
            var call = await Invocation.Of("train", recipe, "--data", Folder.In("images"), "--runs", Runs, "--run", "small", "--steps", "6", "--dashboard", "off");
            Assert.True(call.Code == 0, call.Error);
        }

        public ValueTask DisposeAsync()
        {
            Folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
