using SslOrleans.Client.Sweep;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

[Collection(nameof(BlasThreads))]
public class SweepTests
{
    [Fact]
    public void A_grid_is_every_combination_and_lists_stay_whole()
    {
        var points = SweepGrid.Of(["loss.temperature=0.1,0.2", "views.0.crop.scale=[0.1,1],[0.2,1]"]);
        Assert.Equal(4, points.Count);
        Assert.Equal(["loss.temperature=0.1", "views.0.crop.scale=[0.2,1]"], points[1].Settings);
        Assert.Equal("s-temperature_0.1-scale__0.2_1_", points[1].Run("s"));
        Assert.Equal(4, points.Select(p => p.Run("s")).Distinct().Count());
        foreach (var wrong in new[] { "temperature", "=1,2", "a=1,,2" })
            Assert.Throws<UserErrorException>(() => SweepGrid.Of([wrong]));
        Assert.Contains("2 times", Assert.Throws<UserErrorException>(() => SweepGrid.Of(["a=1", "a=2"])).Message);
    }

    [Fact]
    public void Table_3_says_what_each_criterion_picks_and_how_far_it_is_from_the_oracle()
    {
        SweepEntry[] entries =
        [
            Entry("t=1", 0.60, 12, 0.5),
            Entry("t=2", 0.65, 10, 1.05),
            Entry("t=3", 0.50, 8, 2.0),
        ];
        var rows = SweepTable.Selection(entries).Rows.ToList();
        Assert.Equal(["oracle (linear probe)", "t=2", "65.0 %", "0.0"], rows[0]);
        Assert.Equal(["RankMe, embeddings", "t=1", "60.0 %", "5.0"], rows[2]);
        Assert.Equal(["α-ReQ (nearest to 1)", "t=2", "65.0 %", "0.0"], rows[4]);
        Assert.Equal("not measured", rows[1][1]);

        static SweepEntry Entry(string setting, double linear, double rankme, double alpha)
            => new(new SweepPoint([setting]), setting, "", new Dictionary<string, double> { ["linear"] = linear, ["rankme.embeddings"] = rankme, ["alphareq"] = alpha });
    }

    [Fact]
    public async Task A_run_that_fails_is_shown_and_the_others_go_on()
    {
        using var folder = new TestFolder();
        GeneratedImages.Write(folder.In("images"), 96, 32, 1);
        var recipe = folder.Write("small.jsonc", """
            { "method": "simclr", "steps": 4, "batch": { "effective": 16, "micro": 8 }, "views": [ { "count": 2, "crop": { "size": 16 } } ],
              "projector": { "shape": "32-16" }, "evaluation": { "knn": false }, "optimizer": { "name": "sgd" }, "schedule": { "warmupEpochs": 0 } }
            """);
        string[] sweep = ["sweep", recipe, "--grid", "optimizer.learningRate=1e38,0.1", "--data", folder.In("images"), "--runs", folder.In("runs"), "--name", "s"];

        var json = await Invocation.Of([.. sweep, "--json"]);
        Assert.True(json.Code == 0, json.Error);
        Assert.Equal(3, json.JsonLines.Count);
        Assert.Contains("optimizer.learningRate", json.JsonLines[0].GetProperty("failed").GetString());
        Assert.True(json.JsonLines[1].GetProperty("values").TryGetProperty("linear", out _));

        var again = await Invocation.Of(sweep);
        Assert.Equal(0, again.Code);
        Assert.Contains("(failed)", again.Output);
    }

    [Fact]
    public async Task A_sweep_that_was_cut_off_goes_on_and_what_is_trained_is_not_trained_again()
    {
        using var folder = new TestFolder();
        GeneratedImages.Write(folder.In("images"), 96, 32, 1);
        var recipe = folder.Write("small.jsonc", """
            { "method": "simclr", "steps": 4, "batch": { "effective": 16, "micro": 8 }, "views": [ { "count": 2, "crop": { "size": 16 } } ],
              "projector": { "shape": "32-16" }, "evaluation": { "knn": false } }
            """);
        string[] sweep = ["sweep", recipe, "--grid", "loss.temperature=0.1,0.5", "--data", folder.In("images"), "--runs", folder.In("runs"), "--name", "s"];

        // As if killed between the training and the measurement of the first run.
        var begun = await Invocation.Of("train", recipe, "--data", folder.In("images"), "--runs", folder.In("runs"), "--run", "s-temperature_0.1", "--set", "loss.temperature=0.1");
        Assert.True(begun.Code == 0, begun.Error);
        var first = await Invocation.Of([.. sweep, "--json"]);
        Assert.True(first.Code == 0, first.Error);
        Assert.Equal(3, first.JsonLines.Count);
        Assert.Equal(["s-temperature_0.1", "s-temperature_0.5"], first.JsonLines.Take(2).Select(l => l.GetProperty("run").GetString()));
        Assert.All(first.JsonLines.Take(2), l => Assert.True(l.GetProperty("values").TryGetProperty("rankme.embeddings", out _)));

        var written = File.GetLastWriteTimeUtc(folder.In("runs/s-temperature_0.5/ledger.jsonl"));
        var again = await Invocation.Of([.. sweep, "--select", "alphareq"]);
        Assert.True(again.Code == 0, again.Error);
        Assert.Contains("gap to oracle", again.Output);
        Assert.Contains("selected by α-ReQ", again.Output);
        Assert.Equal(written, File.GetLastWriteTimeUtc(folder.In("runs/s-temperature_0.5/ledger.jsonl")));

        var other = await Invocation.Of([.. sweep, "--set", "optimizer.learningRate=9"]);
        Assert.Equal(2, other.Code);
        Assert.Contains("another recipe", other.Error);
        var budget = await Invocation.Of([.. sweep, "--budget", "0"]);
        Assert.Equal(1, budget.Code);
        Assert.Contains("2 runs are left", budget.Error);
        Assert.Contains("unknown key", (await Invocation.Of("sweep", recipe, "--grid", "losss=1", "--data", "x")).Error);
        Assert.Contains("use one of linear", (await Invocation.Of([.. sweep, "--select", "luck"])).Error);
    }
}
