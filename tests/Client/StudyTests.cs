using System.Xml.Linq;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Pictures;
using SslOrleans.Client.Studies;
using SslOrleans.Client.Sweep;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Client.Tests;

public class StudyTests
{
    [Fact]
    public void Every_study_can_be_trained_and_its_arms_differ()
    {
        var all = Study.All();
        Assert.Equal(["batch", "collapse", "guillotine", "imbalance", "momentum", "online", "projector-width", "projector", "queue"], all.Select(s => s.Name));
        foreach (var study in all)
        {
            var recipes = study.Arms.Select(a => RecipeReader.Read(ProjectFiles.FindRecipe(a.Recipe), a.Set)).ToList();
            foreach (var recipe in recipes)
                MethodCatalog.Create(recipe).Build().Dispose();
            Assert.Equal(recipes.Count, recipes.Select(RecipeReader.Write).Distinct().Count());
        }

        // The same number of images whatever the batch.
        var batch = Study.Find("batch").Arms.Select(a => RecipeReader.Read(ProjectFiles.FindRecipe(a.Recipe), a.Set)).ToList();
        Assert.All(batch, r => Assert.Equal((0, 3.0), (r.Steps, r.Epochs)));
        Assert.Contains("use one of batch, collapse", Assert.Throws<UserErrorException>(() => Study.Find("batsch")).Message);
    }

    [Fact]
    public async Task Studies_are_listed_and_mistakes_are_one_line()
    {
        Assert.Contains("K41", (await Invocation.Of("study")).Output);
        Assert.Equal(9, (await Invocation.Of("study", "--json")).JsonLines.Count);
        Assert.Contains("There is no study luck", (await Invocation.Of("study", "luck")).ErrorLine);
        Assert.Contains("--seeds is 0", (await Invocation.Of("study", "queue", "--seeds", "0")).ErrorLine);
        Assert.Contains("give --data PATH", (await Invocation.Of("study", "queue")).ErrorLine);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_study_trains_every_arm_with_every_seed_once_and_says_what_the_seeds_are_worth()
    {
        using var folder = new TestFolder();
        GeneratedImages.Write(folder.In("images"), 60, 20, 1);
        string[] study = ["study", "online", "--data", folder.In("images"), "--runs", folder.In("runs"), "--seeds", "2",
            "--set", "steps=2", "--set", "batch.effective=16", "--set", "batch.micro=16", "--set", "evaluation.knn=false", "--set", "views.0.crop.size=16"];
        var json = await Invocation.Of([.. study, "--json"]);
        Assert.True(json.Code == 0, json.Error);
        Assert.Equal(7, json.JsonLines.Count);
        Assert.Equal(6, json.JsonLines.Take(6).Select(l => l.GetProperty("weightsHash").GetString()).Distinct().Count());
        Assert.All(json.JsonLines.Take(6), l => Assert.All(
            ["linear", "knn", "online", "rankme", "rankme.embeddings", "std", "std.embeddings"], name => Assert.True(l.GetProperty("values").TryGetProperty(name, out _), name)));
        var ledger = folder.In("runs/study-online-simclr-0/ledger.jsonl");
        var written = File.GetLastWriteTimeUtc(ledger);
        var again = await Invocation.Of(study);
        Assert.True(again.Code == 0, again.Error);
        Assert.Equal(written, File.GetLastWriteTimeUtc(ledger));
        foreach (var text in new[] { "E09", "barlowtwins", "RankMe emb.", "±", "study-online.svg" })
            Assert.Contains(text, again.Output);
        var bars = XDocument.Load(folder.In("runs/study-online.svg")).Descendants().Count(e => (string?)e.Attribute("class") == "bar");
        Assert.Equal(3 * 3, bars);
    }

    [Fact]
    public void Means_and_deviations_are_those_of_the_seeds()
    {
        SweepEntry[] runs = [.. new[] { 0.4, 0.5, 0.9 }.Select(v => new SweepEntry(new SweepPoint([]), "", "", new Dictionary<string, double> { ["linear"] = v }))];
        var (mean, deviation) = new ArmResult("a", runs).Of("linear");
        Assert.Equal(0.6, mean, 1e-12);
        Assert.Equal(Math.Sqrt(0.07), deviation, 1e-12);
        Assert.True(double.IsNaN(new ArmResult("a", runs[..1]).Of("linear").Deviation));
        Assert.True(double.IsNaN(new ArmResult("a", runs).Of("knn").Mean));
        var svg = XDocument.Parse(BarChart.Draw("t", ["linear", "kNN"], [("a <b>", [new(0.5, 0.1), new(double.NaN, double.NaN)])]));
        var bar = svg.Descendants().Single(e => (string?)e.Attribute("class") == "bar");
        Assert.Contains(svg.Descendants(), e => e.Value == "50.0 %");

        // The axis ends at 60 % = 0.5 + 0.1.
        Assert.Equal((860 - 210 - 80) * 50 / 60.0, double.Parse(bar.Attribute("width")!.Value, System.Globalization.CultureInfo.InvariantCulture), 0.1);
    }
}
