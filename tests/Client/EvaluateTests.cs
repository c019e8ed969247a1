using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

/// <summary>A run of three steps that is only read.</summary>
public sealed class ShortRun : IAsyncLifetime
{
    public TestFolder Folder { get; } = new();

    public async ValueTask InitializeAsync()
    {
        GeneratedImages.Write(Folder.In("images"), 120, 40, 1);
        var recipe = Folder.Write("small.jsonc", """
            { "method": "simclr", "batch": { "effective": 16, "micro": 8 }, "views": [ { "count": 2, "crop": { "size": 24 } } ],
              "projector": { "shape": "32-16", "batchNorm": true }, "evaluation": { "knn": false } }
            """);
        var trained = await Invocation.Of("train", recipe, "--data", Folder.In("images"), "--runs", Folder.In("runs"), "--run", "small", "--steps", "3");
        Assert.True(trained.Code == 0, trained.Error);
    }

    public ValueTask DisposeAsync()
    {
        Folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary><c>sslo evaluate</c> on a run and on its exported encoder.</summary>
[Collection(nameof(BlasThreads))]
public sealed class EvaluateTests(ShortRun run) : IClassFixture<ShortRun>
{
    private readonly TestFolder _folder = run.Folder;

    [Fact]
    public async Task A_run_and_its_exported_encoder_get_the_same_numbers()
    {
        var probed = await Invocation.Of("evaluate", "small", "--runs", _folder.In("runs"), "--probe", "all", "--epochs", "3", "--json");
        Assert.True(probed.Code == 0, probed.Error);
        Assert.Equal(10, probed.JsonLines.Count);
        Assert.All(probed.JsonLines, l => Assert.Equal(System.Text.Json.JsonValueKind.Null, l.GetProperty("error").ValueKind));
        Assert.All(probed.JsonLines, l => Assert.Equal(3, l.GetProperty("step").GetInt64()));

        var exported = await Invocation.Of("export", "small", _folder.In("encoder.safetensors"), "--runs", _folder.In("runs"));
        Assert.True(exported.Code == 0, exported.Error);
        var file = await Invocation.Of(
            "evaluate", _folder.In("encoder.safetensors"), "--data", _folder.In("images"), "--probe", "knn,rank,alignment,linear", "--epochs", "3", "--json");
        Assert.True(file.Code == 0, file.Error);
        foreach (var line in file.JsonLines)
        {
            if (line.GetProperty("probe").GetString() == "alignment")
            {
                Assert.Contains("--recipe", line.GetProperty("error").GetString());
                continue;
            }

            var same = probed.JsonLines.Single(l => l.GetProperty("probe").GetString() == line.GetProperty("probe").GetString());
            SameValues(same.GetProperty("values"), line.GetProperty("values"));
            Assert.Equal(same.GetProperty("weightsHash").GetString(), line.GetProperty("weightsHash").GetString());
        }
    }

    /// <summary>Other tests change this process's number of BLAS threads meanwhile, and it decides the last bits of a spectrum.</summary>
    private static void SameValues(System.Text.Json.JsonElement expected, System.Text.Json.JsonElement actual)
    {
        var values = actual.EnumerateObject().ToDictionary(v => v.Name, v => v.Value.GetDouble());
        Assert.Equal(expected.EnumerateObject().Count(), values.Count);
        Assert.All(expected.EnumerateObject(), v => Assert.Equal(v.Value.GetDouble(), values[v.Name], 1e-9 * (1 + Math.Abs(v.Value.GetDouble()))));
    }

    [Fact]
    public async Task Every_layer_can_be_probed_and_people_get_a_table()
    {
        var plain = await Invocation.Of("evaluate", "small", "--runs", _folder.In("runs"), "--probe", "knn,rank", "--layers", "all");
        Assert.True(plain.Code == 0, plain.Error);
        foreach (var text in new[] { "120 training and 40 test images", "256 features", "at projector.1", "at projector.2", "rankme", "knn.k10.majority", "k = 200 is more than the 120" })
            Assert.Contains(text, plain.Output);
    }

    [Fact]
    public async Task A_run_can_be_fine_tuned_when_it_is_asked_for()
    {
        var run = await Invocation.Of(
            "evaluate", "small", "--runs", _folder.In("runs"), "--probe", "finetune", "--set", "evaluation.fineTuning.epochs=2", "--set", "evaluation.fineTuning.layerDecay=0.6", "--json");
        Assert.True(run.Code == 0, run.Error);
        var line = Assert.Single(run.JsonLines);
        Assert.Equal("finetune", line.GetProperty("probe").GetString());
        Assert.InRange(line.GetProperty("values").GetProperty("finetune").GetDouble(), 0, 1);
        Assert.Contains("layer decay 0.6", line.GetProperty("notes")[0].GetString());
        var wrong = await Invocation.Of("evaluate", "small", "--runs", _folder.In("runs"), "--probe", "finetune", "--set", "evaluation.fineTuning.layerDecay=2");
        Assert.Contains("evaluation.fineTuning.layerDecay is 2", wrong.ErrorLine);
    }

    [Theory]
    [InlineData("--probe", "knnn", "--probe knnn is unknown")]
    [InlineData("--layers", "projector.9", "has no such layer")]
    [InlineData("--step", "77", "no checkpoint 77; it has 0, 3")]
    [InlineData("--teacher", null, "no teacher")]
    [InlineData("--recipe", "simclr-cifar10", "a run has its own recipe")]
    [InlineData("--epochs", "0", "--epochs is 0")]
    public async Task Mistakes_are_one_line(string option, string? value, string says)
    {
        string[] arguments = ["evaluate", "small", "--runs", _folder.In("runs"), option, .. value is null ? Array.Empty<string>() : [value]];
        var refused = await Invocation.Of(arguments);
        Assert.Equal(2, refused.Code);
        Assert.Contains(says, refused.ErrorLine);
    }

    [Fact]
    public async Task A_file_that_is_no_encoder_is_said_to_be_none()
    {
        var broken = await Invocation.Of("evaluate", _folder.Write("x.safetensors", "no"), "--data", _folder.In("images"));
        Assert.Equal(2, broken.Code);
        Assert.Contains("x.safetensors", broken.ErrorLine);
        var missing = await Invocation.Of("evaluate", _folder.In("y.safetensors"), "--data", _folder.In("images"));
        Assert.Contains("does not exist", missing.ErrorLine);
        var noRun = await Invocation.Of("evaluate", "nothing", "--runs", _folder.In("runs"));
        Assert.Contains("There is no run nothing", noRun.ErrorLine);
    }
}
