using SslOrleans.Client.CommandLine;
using System.Text.Json;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Tests;

public sealed class RecipeCommandTests : IDisposable
{
    private const string Recipe = """
        // two micro-batches
        { "method": "simclr", "description": "for a test", "batch": { "effective": 128, "micro": 64 }, "views": [ { "count": 2 } ], "projector": { "shape": "64-32" } }
        """;

    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Every_recipe_that_comes_along_can_be_read_and_checked()
    {
        var list = await Invocation.Of("recipe", "list", "--json");

        Assert.Equal(0, list.Code);
        var names = list.JsonLines.Select(l => l.GetProperty("name").GetString()!).ToList();
        Assert.Contains("simclr-cifar10", names);
        Assert.Contains("quickstart", names);
        foreach (var name in names.Where(n => !n.StartsWith("base/", StringComparison.Ordinal)))
        {
            var check = await Invocation.Of("recipe", "check", name);

            // A teacher that does not change is another run's, which a fresh clone has not trained.
            var teacher = RecipeReader.Read(ProjectFiles.FindRecipe(name)).Teacher.Weights;
            if (teacher.Length > 0 && !File.Exists(teacher))
                Assert.Contains($"teacher.weights is {teacher}, and no such file is here", check.ErrorLine);
            Assert.Equal((name, teacher.Length > 0 && !File.Exists(teacher) ? 2 : 0), (name, check.Code));
        }
    }

    [Fact]
    public async Task Show_writes_a_whole_recipe_that_reads_back_equal()
    {
        var path = _folder.Write("a.jsonc", Recipe);

        var call = await Invocation.Of("recipe", "show", path, "--set", "seed=9", "--set", "optimizer.name=lars");

        var shown = RecipeReader.Parse(call.Output);
        Assert.Empty(RecipeReader.Differences(RecipeReader.Read(path, ["seed=9", "optimizer.name=lars"]), shown));
        Assert.Equal(9ul, shown.Seed);
    }

    [Fact]
    public async Task Check_says_what_it_amounts_to()
    {
        var path = _folder.Write("a.jsonc", Recipe);

        Assert.Contains("batch 128 = 2 micro-batches of 64, 2 views an image", (await Invocation.Of("recipe", "check", path)).Output);
        var json = Assert.Single((await Invocation.Of("recipe", "check", path, "--json")).JsonLines);
        Assert.Equal(2, json.GetProperty("microBatches").GetInt32());
        Assert.Equal(JsonValueKind.True, json.GetProperty("coupled").ValueKind);
    }

    [Theory]
    [InlineData("method=simlcr", "simlcr")]
    [InlineData("loss.temprature=0.1", "the nearest known one is \"temperature\"")]
    [InlineData("batch.micro=48", "make it a multiple of batch.micro (48)")]
    public async Task Check_refuses_with_2(string change, string expected)
    {
        var call = await Invocation.Of("recipe", "check", _folder.Write("a.jsonc", Recipe), "--set", change);

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine);
    }

    [Fact]
    public async Task A_missing_recipe_is_answered_with_the_nearest()
    {
        var call = await Invocation.Of("recipe", "show", "simclr-cifar");

        Assert.Equal(2, call.Code);
        Assert.Contains("the nearest known one is \"simclr-cifar10\"", call.ErrorLine);
    }

    [Fact]
    public async Task Diff_names_the_keys()
    {
        var a = _folder.Write("a.jsonc", Recipe);
        var b = _folder.Write("b.jsonc", Recipe.Replace("64-32", "64-16", StringComparison.Ordinal));

        var call = await Invocation.Of("recipe", "diff", a, b);

        Assert.Contains("projector.shape: \"64-32\" → \"64-16\"", call.Output);
    }

    [Fact]
    public async Task Methods_are_listed_with_family_and_paper()
    {
        var simclr = (await Invocation.Of("methods", "--json")).JsonLines.Single(l => l.GetProperty("name").GetString() == "simclr");

        Assert.Equal("contrastive", simclr.GetProperty("family").GetString());
        Assert.Contains("Chen", simclr.GetProperty("paper").GetString());
    }

    public void Dispose() => _folder.Dispose();
}
