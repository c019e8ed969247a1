using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Tests.Data;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests.Evaluate;

public sealed class FineTuningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FineTuningTests() => GeneratedImages.Write(_folder.Path, 80, 20, 1);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_learns_the_same_each_time_and_leaves_the_encoder_as_it_was()
    {
        var recipe = Recipe("conv4", layerDecay: 0.75, epochs: 6);
        using var encoder = Encoder.OfRecipe(recipe, teacher: false, CPU);
        var before = encoder.Backbone();
        var losses = new List<double>();
        var (first, again) = (Tune(encoder, recipe, losses), Tune(encoder, recipe));
        Assert.Equal(first.Weights, again.Weights);
        Assert.Equal(first.Accuracy, again.Accuracy);
        Assert.Equal(6, losses.Count);
        Assert.Equal(first.Loss, losses[^1]);
        Assert.True(losses[^1] < 0.8 * losses[0], $"loss {losses[0]} to {losses[^1]}");
        Assert.InRange(first.Accuracy, 0, first.Best);
        var after = encoder.Backbone();
        Assert.All(before, t => Assert.Equal(t.Value, after[t.Key]));
    }

    [Fact]
    public void Layer_decay_holds_the_first_layers() => Holds("vit-nano", "backbone.blocks.0.mlp.fc1.weight", "backbone.blocks.3.mlp.fc1.weight");

    [Fact]
    [Trait("Category", "Slow")]
    public void Layer_decay_holds_the_first_layers_of_a_convolutional_net() => Holds("conv4", "backbone.conv1.weight", "backbone.conv4.weight");

    private void Holds(string backbone, string early, string late)
    {
        double Share(double decay)
        {
            var recipe = Recipe(backbone, decay, epochs: 1);
            using var encoder = Encoder.OfRecipe(recipe, teacher: false, CPU);
            var before = encoder.Backbone();
            var weights = Tune(encoder, recipe).Weights;

            // The backbone comes first in the flat vector, in the order of its names.
            using var same = Encoder.OfRecipe(recipe with { Projector = new HeadRecipe() }, teacher: false, CPU);
            var entries = same.Layout.Entries.ToDictionary(e => e.Name);
            return Moved(early) / Moved(late);

            double Moved(string name) => before[name].Select((v, i) => Math.Abs(v - weights[entries[name].Offset + i])).Average();
        }

        // AdamW moves every weight by about its rate: the shares of the rates are the shares of the ways.
        Assert.Equal(Math.Pow(0.1, 3), Share(0.1) / Share(1), 0.5e-3);
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        using var bare = new TemporaryFolder();
        GeneratedImages.Write(bare.Path, 20, 0, 1);
        var recipe = Recipe("conv4", 1, 1);
        using var encoder = Encoder.OfRecipe(recipe, teacher: false, CPU);
        var plan = FineTuning.Plan(recipe);
        using var data = new ImageTrainingData(plan, bare.Path);
        Assert.Contains("no test split", Assert.Throws<ProbeException>(() => FineTuning.Run(encoder, plan, data)).Message);
        using var whole = new ImageTrainingData(plan, _folder.Path);
        Assert.Throws<OperationCanceledException>(() => FineTuning.Run(encoder, plan, whole, cancellation: new CancellationToken(canceled: true)));
    }

    private FineTuningScore Tune(Encoder encoder, Recipe recipe, List<double>? losses = null)
    {
        var plan = FineTuning.Plan(recipe);
        using var data = new ImageTrainingData(plan, _folder.Path);
        return FineTuning.Run(encoder, plan, data, (_, loss, _) => losses?.Add(loss));
    }

    private static Recipe Recipe(string backbone, double layerDecay, double epochs) => RecipeReader.Parse(
        $$"""
        { "name": "small", "method": "simclr", "seed": 3, "views": [ { "count": 2, "crop": { "size": 16 } } ], "projector": { "shape": "16-8" },
          "backbone": { "name": "{{backbone}}", "patchSize": 4, "imageSize": 16 },
          "evaluation": { "fineTuning": { "epochs": {{epochs}}, "batch": 16, "layerDecay": {{layerDecay.ToString(System.Globalization.CultureInfo.InvariantCulture)}}, "learningRate": 0.003 } } }
        """);
}
