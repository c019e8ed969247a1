using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Contracts.Tests;

public sealed class RecipeReaderTests : IDisposable
{
    private readonly RecipeFolder _folder = new();

    [Fact]
    public void Comments_and_trailing_commas_are_read()
    {
        var path = _folder.Write("a.jsonc", """
            // a line
            { "method": "simclr", /* between */ "batch": { "effective": 128, }, "views": [ { "count": 2 } ], }
            """);

        var recipe = RecipeReader.Read(path);

        Assert.Equal("simclr", recipe.Method);
        Assert.Equal(128, recipe.Batch.Effective);
        Assert.Equal(2, recipe.Batch.MicroBatches);
    }

    [Fact]
    public void The_file_names_the_recipe_unless_it_names_itself()
    {
        Assert.Equal("plain", RecipeReader.Read(_folder.Write("plain.jsonc", RecipeFolder.Least)).Name);
        Assert.Equal("other", RecipeReader.Read(_folder.Write("plain2.jsonc", """{ "name": "other", "method": "simclr", "views": [{}] }""")).Name);
    }

    [Fact]
    public void Extends_merges_key_by_key_through_several_files_and_lists_replace_lists()
    {
        _folder.Write("base.jsonc", """
            { "name": "base", "description": "the base", "method": "simclr", "seed": 7,
              "optimizer": { "name": "lars", "learningRate": 0.5, "momentum": 0.8 },
              "views": [ { "count": 1, "flip": 0.1 }, { "count": 1, "flip": 0.2 } ] }
            """);
        Directory.CreateDirectory(Path.Combine(_folder.Path, "sub"));
        _folder.Write("sub/middle.jsonc", """{ "extends": "../base.jsonc", "optimizer": { "learningRate": 0.25 } }""");
        var leaf = _folder.Write("sub/leaf.jsonc", """{ "extends": "middle.jsonc", "views": [ { "count": 3 } ] }""");

        var recipe = RecipeReader.Read(leaf);

        Assert.Equal("leaf", recipe.Name);
        Assert.Equal("", recipe.Description);
        Assert.Equal(7ul, recipe.Seed);
        Assert.Equal("lars", recipe.Optimizer.Name);
        Assert.Equal(0.25, recipe.Optimizer.LearningRate);
        Assert.Equal(0.8, recipe.Optimizer.Momentum);
        var view = Assert.Single(recipe.Views);
        Assert.Equal(3, view.Count);
        Assert.Equal(0.5, view.Flip);
    }

    [Theory]
    [InlineData("views.0.crop.kind=square", "views.0.crop.kind is \"square\"; use one of random-resized, padded, center")]
    [InlineData("views.0.crop.padding=-1", "views.0.crop.padding is -1")]
    [InlineData("views.0.crop.ramp.start=0.9", "views.0.crop.ramp.start is 0.9")]
    [InlineData("views.0.blur.kernel=4", "views.0.blur.kernel is 4; give an odd number")]
    [InlineData("views.0.blur.sigma=[2,1]", "views.0.blur.sigma is \"[2, 1]\"")]
    [InlineData("views.0.jitter.hue=0.6", "views.0.jitter.hue is 0.6")]
    [InlineData("views.0.rotation.probability=0.5", "views.0.rotation.degrees is 0")]
    [InlineData("views.0.order=[\"flip\",\"spin\"]", "views.0.order is \"spin\"")]
    [InlineData("views.0.order=[\"flip\",\"flip\"]", "name each operation once")]
    [InlineData("views.0.solarize.threshold=256", "views.0.solarize.threshold is 256")]
    [InlineData("views.0.mask.kind=stripes", "views.0.mask.kind is \"stripes\"")]
    [InlineData("views.0.mask={\"kind\":\"random\",\"patchSize\":5}", "backbone.patchSize (4)")]
    [InlineData("views.0.mask={\"kind\":\"cells\",\"cellSize\":3}", "give a divisor of the 8 patches")]
    [InlineData("normalize.mean=[0.5]", "normalize.mean is [0.5]")]
    [InlineData("data.imbalance=some", "data.imbalance is \"some\"")]
    [InlineData("data.imbalanceRatio=0.5", "data.imbalanceRatio is 0.5")]
    [InlineData("data.limit=-3", "data.limit is -3")]
    public void Views_and_data_are_checked(string setting, string expected)
    {
        var path = _folder.Write("v.jsonc", """{ "method": "simclr", "views": [ { "crop": { "ramp": { "from": 16, "end": 0.5 } } } ] }""");

        Assert.Contains(expected.Replace("\"[", "[", StringComparison.Ordinal).Replace("]\"", "]", StringComparison.Ordinal), Refused(() => RecipeReader.Read(path, [setting])));
    }

    [Fact]
    public void A_circle_of_extends_is_refused()
    {
        _folder.Write("a.jsonc", """{ "extends": "b.jsonc" }""");
        var b = _folder.Write("b.jsonc", """{ "extends": "a.jsonc" }""");

        Assert.Contains("leads back to itself", Refused(() => RecipeReader.Read(b)));
    }

    [Theory]
    [InlineData("""{ "extends": 3, "method": "simclr" }""", "\"extends\" must be the path")]
    [InlineData("""{ "extends": "gone.jsonc" }""", "gone.jsonc does not exist")]
    [InlineData("""[ 1 ]""", "a recipe is a JSON object")]
    [InlineData("{ \"method\":\n\n oops }", "line 3: not valid JSON")]
    [InlineData("""{ "method": "a", "method": "b", "views": [{}] }""", "written twice")]
    [InlineData("""{ "method": "simclr", "views": [{}], "batch": { "micro": 8, "micro": 16 } }""", "written twice")]
    [InlineData("""{ "method": "simclr", "views": [{}], "batch": { "effective": "many" } }""", "batch.effective has a value of the wrong kind")]
    [InlineData("""{ "method": "simclr", "views": [{}], "batch": { "effective": 1.5 } }""", "batch.effective has a value of the wrong kind")]
    public void A_malformed_file_is_refused_by_name(string text, string expected)
        => Assert.Contains(expected, Refused(() => RecipeReader.Read(_folder.Write("bad.jsonc", text))));

    [Fact]
    public void A_missing_file_is_refused() => Assert.Contains("does not exist", Refused(() => RecipeReader.Read("nowhere.jsonc")));

    [Theory]
    [InlineData("\"optimiser\": {}", "unknown key \"optimiser\"; the nearest known one is \"optimizer\"")]
    [InlineData("\"batch\": { \"efective\": 3 }", "unknown key \"batch.efective\"; the nearest known one is \"effective\"")]
    [InlineData("\"backbone\": { \"dropPaths\": 3 }", "unknown key \"backbone.dropPaths\"; the nearest known one is \"dropPath\"")]
    public void An_unknown_key_is_refused_with_the_nearest_known_one(string key, string expected)
        => Assert.Contains(expected, Refused(() => RecipeReader.Parse($$"""{ "method": "simclr", "views": [{}], {{key}} }""")));

    [Fact]
    public void An_unknown_key_in_a_list_names_its_position()
        => Assert.Contains("unknown key \"views.1.blur.sigmas\"; the nearest known one is \"sigma\"",
            Refused(() => RecipeReader.Parse("""{ "method": "simclr", "views": [ {}, { "blur": { "sigmas": [1, 2] } } ] }""")));

    [Fact]
    public void Keys_under_loss_are_left_to_the_method()
        => Assert.Equal("0.2", RecipeReader.Parse("""{ "method": "simclr", "views": [{}], "loss": { "temperature": 0.2 } }""").Loss["temperature"]!.ToJsonString());

    [Fact]
    public void What_is_written_reads_back_equal()
    {
        var recipe = RecipeReader.Parse("""
            { "name": "n", "method": "moco", "seed": 18446744073709551615, "epochs": 0.3, "loss": { "queue": 4096, "temperature": 0.1 },
              "views": [ { "crop": { "scale": [0.05, 0.4] } }, { "count": 6 } ], "projector": { "shape": "512-128" } }
            """);

        var text = RecipeReader.Write(recipe);
        var again = RecipeReader.Parse(text);

        Assert.Empty(RecipeReader.Differences(recipe, again));
        Assert.Equal(text, RecipeReader.Write(again));
        Assert.Equal(ulong.MaxValue, again.Seed);
    }

    [Fact]
    public void Differences_name_each_key_with_both_values()
    {
        var a = RecipeReader.Parse(RecipeFolder.Least);
        var b = RecipeReader.Parse(RecipeFolder.Least, ["seed=4", "optimizer.name=lars", "loss.temperature=0.5"]);

        Assert.Equal(
            ["loss.temperature: unset → 0.5", "optimizer.name: \"sgd\" → \"lars\"", "seed: 0 → 4"],
            RecipeReader.Differences(a, b).Order(StringComparer.Ordinal));
        Assert.Empty(RecipeReader.Differences(a, a));
    }

    public void Dispose() => _folder.Dispose();

    private static string Refused(Action action) => Assert.Throws<UserErrorException>(action).Message;
}
