using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Tests.Data;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests.Evaluate;

public class EncoderTests
{
    [Theory]
    [InlineData("simclr", "backbone,projector.1,projector.2")]
    [InlineData("ibot", "backbone,backbone.cls,backbone.mean")]
    public void Layers_are_those_of_the_networks_and_features_those_of_the_replica(string method, string layers)
    {
        var recipe = SmallRun.Recipe(method);
        using var replica = new Replica(recipe, CPU);
        using var encoder = Encoder.OfRecipe(recipe, teacher: false, CPU);
        Assert.Equal(layers.Split(','), encoder.Layers.Take(3));
        var weights = replica.InitialParameters();
        for (var i = 0; i < weights.Length; i++)
            weights[i] *= 1.01f;
        replica.Load(weights, weights);
        encoder.Load(weights, weights);
        var pixels = Enumerable.Range(0, 4 * 3 * 8 * 8).Select(i => MathF.Sin(i * 0.7f)).ToArray();
        var features = encoder.Encode(pixels, 8, 8, encoder.Layers);
        Assert.Equal(replica.Features(pixels, 8, 8), features[0].Rows(0, 4).ToArray());
        Assert.All(features, f => Assert.Equal(4, f.Count));
        if (method == "simclr")
            Assert.Equal([16, 8], features.Skip(1).Select(f => f.Width));
    }

    [Fact]
    public void A_file_gives_the_same_features_and_another_backbones_file_is_refused()
    {
        var recipe = SmallRun.Recipe("simclr");
        using var encoder = Encoder.OfRecipe(recipe, teacher: false, CPU);
        using var replica = new Replica(recipe, CPU);
        var flat = replica.InitialParameters();
        var file = SafetensorsFile.Parse(SafetensorsWriter.ToArray(encoder.Layout.Entries
            .Where(e => e.Name.StartsWith("backbone.", StringComparison.Ordinal))
            .Select(e => new SafetensorsTensor(e.Name[9..], e.Shape, flat.AsMemory(e.Offset, e.Length)))));
        using var read = Encoder.OfFile(file, "encoder.safetensors", recipe.Backbone, CPU);
        encoder.Load(flat, []);
        var pixels = Enumerable.Range(0, 2 * 3 * 8 * 8).Select(i => MathF.Sin(i * 0.7f)).ToArray();
        Assert.Equal(["backbone"], read.Layers);
        Assert.Equal(
            encoder.Encode(pixels, 8, 8, ["backbone"])[0].Rows(0, 2).ToArray(),
            read.Encode(pixels, 8, 8, ["backbone"])[0].Rows(0, 2).ToArray());
        var mistake = Assert.Throws<UserErrorException>(() => Encoder.OfFile(file, "encoder.safetensors", new BackboneRecipe { Name = "resnet18" }, CPU));
        Assert.Contains("--recipe", mistake.Message);
        Assert.Throws<UserErrorException>(() => Encoder.OfRecipe(recipe, teacher: true, CPU));
    }

    [Fact]
    public async Task One_pass_brings_splits_views_and_rotations()
    {
        using var folder = new TemporaryFolder();
        GeneratedImages.Write(folder.Path, 300, 40, 2);
        var recipe = RecipeReader.Parse("""{ "method": "simclr", "views": [ { "count": 2 } ], "projector": { "shape": "16" } }""");
        using var data = new ImageTrainingData(recipe, folder.Path);
        using var encoder = Encoder.OfRecipe(recipe, teacher: false, CPU);
        var seen = (Done: 0, All: 0);
        var layers = await FeaturePass.Run(
            encoder, data, new FeatureOrder { Layers = ["backbone", "projector.1"], Pairs = 32, Rotations = 20 }, (done, all) => seen = (done, all));
        Assert.Equal(300 + 40 + 64 + (4 * 25), seen.Done);
        Assert.Equal(seen.Done, seen.All);
        Assert.Equal([256, 16], layers.Select(l => l.Train.Width));
        var backbone = layers[0];
        Assert.Equal((300, 40), (backbone.Train.Count, backbone.Test!.Count));

        // Without rotation the rotated images are the images, and views of an image are nearer to it than to others.
        Close(backbone.Train.Rows(0, 20).ToArray(), backbone.Rotations!.Train.Rows(0, 20).ToArray());
        Assert.Equal([20, 20, 20, 20], backbone.Rotations.TrainLabels.GroupBy(l => l).Select(g => g.Count()));
        Assert.Equal(32, backbone.Pairs!.Value.Second.Count);
        var reports = ProbeSuite.Run(["alignment", "rotation"], layers, new ProbeSettings());
        Assert.All(reports, r => Assert.Null(r.Error));
    }

    private static void Close(float[] expected, float[] actual)
    {
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-5f);
    }
}
