using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Evaluation;
using SslOrleans.Client.Results;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

/// <summary><c>sslo table</c>: what is measured stays measured, what is wrong is said before anything trains, and nothing on a page comes from elsewhere than its runs.</summary>
[Collection(nameof(BlasThreads))]
public class ResultsTableTests
{
    private const string Rows = """{ "name": "untrained", "recipe": "simclr-cifar10-quick", "untrained": true }, { "name": "simclr", "recipe": "simclr-cifar10-quick" }""";

    private static readonly string s_tables = Path.Combine(ProjectFiles.Root, "docs", "tables");

    [Fact]
    public async Task A_table_is_trained_once_goes_on_and_is_checked_from_nothing()
    {
        using var folder = new TestFolder();
        GeneratedImages.Write(folder.In("images"), 60, 20, 1);
        var file = folder.Write("trial.jsonc", $$"""
            { "title": "Trial", "seeds": [0, 1], "probes": ["knn"], "rows": [ {{Rows}} ],
              "set": [ "steps=2", "batch.effective=16", "batch.micro=16", "views.0.crop.size=16", "evaluation.everyEpochs=0.3" ] }
            """);
        string[] table = ["table", file, "--data", folder.In("images"), "--runs", folder.In("runs"), "--out", folder.In("out")];

        var first = await Invocation.Of(table);
        Assert.True(first.Code == 0, first.Error);
        var runs = ResultsCsv.Read(folder.In("out/trial.csv"));
        Assert.Equal([("untrained", 0UL), ("untrained", 1UL), ("simclr", 0UL), ("simclr", 1UL)], runs.Select(r => (r.Row, r.Seed)));
        var trained = runs[2];
        Assert.Equal((2L, 32L, "trial-simclr-0"), (trained.Steps, trained.Samples, trained.Run));
        Assert.Equal(32, trained.Weights.Length);
        Assert.True(trained.Values["knn.best"] >= trained.Values["knn"]);

        // The untrained encoder is the one that a run of this seed begins with.
        var metrics = SslOrleans.Client.Training.MetricsFile.Read(folder.In("runs/trial-simclr-0/metrics.jsonl"));
        Assert.Equal(metrics["knn"][0].Value, runs[0].Values["knn"]);
        Assert.Equal((0L, ""), (runs[0].Steps, runs[0].Weights));

        // The same call computes nothing, and pages are those of the CSV file.
        var ledger = folder.In("runs/trial-simclr-1/ledger.jsonl");
        var written = (File.GetLastWriteTimeUtc(ledger), File.ReadAllText(folder.In("out/trial.csv")));
        Assert.Equal(0, (await Invocation.Of(table)).Code);
        Assert.Equal(written, (File.GetLastWriteTimeUtc(ledger), File.ReadAllText(folder.In("out/trial.csv"))));
        Assert.Equal(ResultsPages.Markdown("Trial", runs), File.ReadAllText(folder.In("out/trial.md")));

        var check = await Invocation.Of([.. table, "--check", "simclr", "--seed", "1", "--json"]);
        Assert.True(check.Code == 0, check.Error);
        Assert.True(check.JsonLines[0].GetProperty("same").GetBoolean());
        Assert.True(File.Exists(folder.In("runs/trial-simclr-1-check/ledger.jsonl")));

        // Another seed's weights in the file are noticed.
        File.WriteAllText(folder.In("out/trial.csv"), File.ReadAllText(folder.In("out/trial.csv")).Replace(runs[3].Weights, runs[2].Weights, StringComparison.Ordinal));
        var wrong = await Invocation.Of([.. table, "--check", "simclr", "--seed", "1"]);
        Assert.Equal(ExitCodes.Failed, wrong.Code);
        Assert.Contains("OTHER WEIGHTS", wrong.Output, StringComparison.Ordinal);

        // Runs of another recipe under the table's names are refused.
        var other = await Invocation.Of([.. table, "--set", "loss.temperature=0.3"]);
        Assert.Equal(ExitCodes.UserMistake, other.Code);
        Assert.Contains("another recipe", other.ErrorLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "rows": [] }""", "rows is empty")]
    [InlineData("""{ "rows": [ { "name": "a", "recipe": "simclr-cifar10-quick" }, { "name": "a", "recipe": "byol-cifar10-quick" } ] }""", "rows.1.name is \"a\", as another row's is")]
    [InlineData("""{ "rows": [ { "name": "a b", "recipe": "simclr-cifar10-quick" } ] }""", "rows.0.name is \"a b\"; use up to 100 letters")]
    [InlineData("""{ "rows": [ { "name": "a", "recipe": "simclr-cifar10-quik" } ] }""", "row a: Recipe simclr-cifar10-quik does not exist; the nearest known one is \"simclr-cifar10-quick\"")]
    [InlineData("""{ "rows": [ { "name": "a", "recipe": "simclr-cifar10-quick", "set": ["loss.temprature=1"] } ] }""", "row a: ")]
    [InlineData("""{ "probes": ["knm"], "rows": [ { "name": "a", "recipe": "simclr-cifar10-quick" } ] }""", "probes has \"knm\"; the nearest known one is \"knn\"")]
    [InlineData("""{ "seeds": [1, 1], "rows": [ { "name": "a", "recipe": "simclr-cifar10-quick" } ] }""", "seeds is [1, 1]")]
    [InlineData("""{ "row": [] }""", "unknown key \"row\"; the nearest known one is \"rows\"")]
    [InlineData("""[ ]""", "it must be an object")]
    [InlineData("""{ "rows": """, "trial.jsonc: ")]
    public async Task What_is_no_table_is_one_line_before_anything_trains(string text, string message)
    {
        using var folder = new TestFolder();
        var refused = await Invocation.Of("table", folder.Write("trial.jsonc", text), "--data", folder.In("images"), "--runs", folder.In("runs"));
        Assert.Equal(ExitCodes.UserMistake, refused.Code);
        Assert.Contains(message, refused.ErrorLine, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.In("runs")));
    }

    [Fact]
    public async Task A_table_without_data_and_a_row_that_is_not_there_are_named()
    {
        using var folder = new TestFolder();
        var file = folder.Write("trial.jsonc", $$"""{ "rows": [ {{Rows}} ] }""");
        Assert.Contains("for row untrained; give --data PATH", (await Invocation.Of("table", file, "--runs", folder.In("runs"))).ErrorLine, StringComparison.Ordinal);
        Assert.Contains("--check is \"untrained\"; use one of simclr", (await Invocation.Of("table", file, "--check", "untrained", "--data", "x")).ErrorLine, StringComparison.Ordinal);
        Assert.Contains("trial.csv does not exist", (await Invocation.Of("table", file, "--check", "simclr", "--data", "x", "--out", folder.In("out"))).ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_has_means_and_deviations_of_the_seeds_and_hashes_of_the_first()
    {
        ResultsRun Run(ulong seed, double knn, string failed = "") => new()
        {
            Row = "a", Recipe = "r", Seed = seed, Run = $"t-a-{seed}", Steps = 10, Samples = 640, Seconds = 36 * (seed + 1), ImagesPerSecond = 100 * (seed + 1),
            Weights = $"w{seed}", Ledger = $"l{seed}", Numerics = "class, with a comma", Failed = failed, Values = new Dictionary<string, double> { ["knn"] = knn, ["knn.k10.t0.07"] = 0.1 },
        };
        ResultsRun[] runs = [Run(1, 0.4), Run(0, 0.5)];
        var page = ResultsPages.Markdown("T", runs);
        Assert.Contains("| a | 45.0 ± 7.1 | 150 | 0.015 | `w0` | `l0` |", page, StringComparison.Ordinal);
        Assert.Contains("Numerics class: `class, with a comma`.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("t0.07", page, StringComparison.Ordinal);
        Assert.Contains("Failed: a, seed 2: why", ResultsPages.Markdown("T", [.. runs, Run(2, 0.1, "why")]), StringComparison.Ordinal);

        using var folder = new TestFolder();
        var kept = ResultsCsv.Read(folder.Write("t.csv", ResultsCsv.Write(runs)));
        Assert.Equal(page, ResultsPages.Markdown("T", kept));
        Assert.Equal(runs.Select(r => r.Numerics), kept.Select(r => r.Numerics));
        Assert.Equal(runs.SelectMany(r => r.Values), kept.SelectMany(r => r.Values));
        Assert.Contains("is no table's CSV file", Assert.Throws<UserErrorException>(() => ResultsCsv.Read(folder.Write("x.csv", "row,seed\na,b\n"))).Message, StringComparison.Ordinal);
    }

    /// <summary>Nothing in the published tables was typed: each page is the one that its CSV file and its plan give.</summary>
    [Fact]
    public void Published_pages_are_those_of_their_runs()
    {
        foreach (var csv in Directory.GetFiles(s_tables, "*.csv"))
        {
            var (plan, runs) = (ResultsPlan.Read(Path.ChangeExtension(csv, ".jsonc")), ResultsCsv.Read(csv));
            Assert.Equal(ResultsPages.Markdown(plan.Title, runs), File.ReadAllText(Path.ChangeExtension(csv, ".md")));
            Assert.Equal(ResultsPages.Figure(plan.Title, runs), File.ReadAllText(Path.ChangeExtension(csv, ".svg")));
            Assert.Equal(plan.Rows.SelectMany(r => plan.Seeds.Select(s => (r.Name, s))), runs.Select(r => (r.Row, r.Seed)));
        }

        // Every plan that comes with the project can be trained.
        Assert.All(Directory.GetFiles(s_tables, "*.jsonc"), path => Assert.NotEmpty(ResultsPlan.Read(path).Title));
        Assert.Equal(50, SeedStatistics.Of([40, 60, double.NaN]).Mean);
    }
}
