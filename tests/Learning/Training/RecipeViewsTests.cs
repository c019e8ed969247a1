using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Tests.Data;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests.Training;

/// <summary>Whatever a recipe says of its data and views is what training sees.</summary>
public sealed class RecipeViewsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public RecipeViewsTests() => GeneratedImages.Write(_folder.Path, 120, 0, 1);

    [Fact]
    public void Every_setting_of_a_view_arrives()
    {
        var plan = ViewPlans.Of(Recipe(
            """
            { "count": 2,
              "crop": { "kind": "padded", "size": 24, "scale": [0.1, 0.9], "ratio": [0.5, 2], "interpolation": "bicubic", "antialias": false, "padding": 6, "resizeShorter": 40 },
              "flip": 0.25, "rotation": { "probability": 0.3, "degrees": 15, "quarterTurns": true, "interpolation": "bilinear" },
              "jitter": { "probability": 0.7, "brightness": 0.1, "contrast": 0.2, "saturation": 0.3, "hue": 0.4 }, "grayscale": 0.15,
              "blur": { "probability": 0.6, "sigma": [0.2, 1.5], "kernel": 5 }, "solarize": { "probability": 0.05, "threshold": 100 },
              "order": ["solarize", "flip", "jitter"] },
            { "count": 3, "crop": { "kind": "center", "size": 12 } }
            """));
        Assert.Equal((5, 2), (plan.Count, plan.Groups.Length));
        Assert.Equal([0, 0, 1, 1, 1], Enumerable.Range(0, 5).Select(plan.GroupOf));
        var view = plan[1];
        Assert.Equal(
            new CropSettings
            {
                Size = 24, Kind = CropKind.Padded, ScaleMin = 0.1f, ScaleMax = 0.9f, RatioMin = 0.5f, RatioMax = 2, Interpolation = Interpolation.Bicubic,
                Antialias = false, Padding = 6, ResizeShorter = 40,
            },
            view.Crop);
        Assert.Equal(0.25f, view.FlipProbability);
        Assert.Equal(new RotationSettings(0.3f, 15, QuarterTurns: true, Bilinear: true), view.Rotation);
        Assert.Equal(new JitterSettings(0.7f, 0.1f, 0.2f, 0.3f, 0.4f), view.Jitter);
        Assert.Equal(0.15f, view.GrayscaleProbability);
        Assert.Equal(new BlurSettings(0.6f, 0.2f, 1.5f, 5), view.Blur);
        Assert.Equal(new SolarizeSettings(0.05f, 100), view.Solarize);
        Assert.Equal([ViewOperation.Solarize, ViewOperation.Flip, ViewOperation.Jitter], view.Order.ToArray());
        Assert.Equal([0.1f, 0.2f, 0.3f], view.Normalize.Mean.ToArray());
        Assert.Equal([0.4f, 0.5f, 0.6f], view.Normalize.StandardDeviation.ToArray());
        Assert.Equal((CropKind.Center, 12), (plan[4].Crop.Kind, plan[4].Crop.Size));
        Assert.Equal(ViewSettings.DefaultOrder.ToArray(), plan[4].Order.ToArray());
        Assert.Null(plan[4].Rotation);
        Assert.Null(plan[4].Jitter);
        Assert.Null(plan[4].Blur);
        Assert.Null(plan[4].Solarize);
    }

    [Fact]
    public void Training_sees_what_the_renderer_makes_of_seed_epoch_sample_and_view()
    {
        var recipe = Recipe(
            """
            { "count": 2, "crop": { "size": 16 }, "jitter": { "probability": 1 }, "rotation": { "probability": 1, "degrees": 20 } },
            { "count": 1, "crop": { "kind": "padded", "size": 32 }, "mask": { "kind": "random", "ratio": 0.5 } }
            """);
        using var data = new ImageTrainingData(recipe, _folder.Path);
        using var source = ImageSources.Open(_folder.Path);
        var order = SampleOrder.Uniform(120, recipe.Seed);
        var plan = ViewPlans.Of(recipe);
        using var views = data.Render(115, 10);
        Assert.Equal((3, 120L), (views.Views.Count, data.Samples));
        for (var row = 0; row < 10; row++)
        {
            var (epoch, sample) = order[115 + row];
            Assert.Equal(new SamplePosition(row < 5 ? 0 : 1, (int)views.SampleIds[row]), order[115 + row]);
            for (var v = 0; v < 3; v++)
            {
                var expected = new float[plan[v].Length];
                ViewRenderer.Render(source.Read(sample), plan[v], recipe.Seed, epoch, sample, v, expected);
                Assert.True(views.Views[v].Values.AsSpan(row * expected.Length, expected.Length).SequenceEqual(expected));
            }

            var mask = new bool[64];
            var random = Masks.Stream(recipe.Seed, epoch, sample, 2);
            Masks.Draw(MaskSettings.Mae(8, 0.5f), ref random, mask);
            Assert.Equal(mask, views.Views[2].Mask![(row * 64)..((row + 1) * 64)]);
        }

        Assert.Null(views.Views[0].Mask);
        Assert.Equal(views.SampleIds.Select(id => (int)(id % 10)), views.Labels!);
    }

    [Theory]
    [InlineData("random", 0.75, 48)]
    [InlineData("cells", 0.6, 40)]
    [InlineData("block", 0.5, 32)]
    [InlineData("blockwise", 0.3, 19)]
    [InlineData("uniform", 0.5, 32)]
    [InlineData("center", 0.25, 16)]
    public void Masks_of_every_kind_hide_the_same_number_in_every_image(string kind, double ratio, int hidden)
    {
        using var data = new ImageTrainingData(Recipe($$"""{ "crop": { "size": 32 }, "mask": { "kind": "{{kind}}", "ratio": {{ratio.ToString(System.Globalization.CultureInfo.InvariantCulture)}} } }"""), _folder.Path);
        using var views = data.Render(0, 24);
        var rows = views.Views[0].Mask!.Chunk(64).ToList();
        Assert.Equal(24, rows.Count);
        Assert.All(rows, row => Assert.Equal(hidden, row.Count(h => h)));
        Assert.Equal(kind == "center" ? 1 : 24, rows.Select(r => string.Concat(r.Select(h => h ? '1' : '0'))).Distinct().Count());
    }

    [Fact]
    public void Views_grow_with_training()
    {
        var recipe = Recipe("""{ "count": 2, "crop": { "size": 32, "ramp": { "from": 16, "start": 0.25, "end": 0.75, "multiple": 4 } } }, { "crop": { "size": 8 } }""", "steps=40");
        using var data = new ImageTrainingData(recipe, _folder.Path);
        int Size(long step)
        {
            using var views = data.Render(step * 20, 10);
            Assert.Equal((views.Views[0].Shape[1], 8L), (views.Views[1].Shape[2], views.Views[2].Shape[1]));
            Assert.Equal(10 * 3 * views.Views[0].Shape[1] * views.Views[0].Shape[2], views.Views[0].Values.Length);
            return (int)views.Views[0].Shape[1];
        }

        Assert.Equal([16, 16, 24, 28, 32, 32], new long[] { 0, 10, 20, 25, 30, 39 }.Select(Size));
        Assert.Equal(32, data.Evaluation(test: false)!.Height);
    }

    [Fact]
    public void Imbalance_is_chosen_by_the_recipe()
    {
        using var balanced = new ImageTrainingData(Recipe("{}", "data.imbalance=balanced", "data.limit=115"), _folder.Path);
        Assert.Equal(115, balanced.Samples);
        Assert.All(balanced.SampleIds(0, 1000).GroupBy(id => id % 10), g => Assert.Equal(100, g.Count()));
        using var tailed = new ImageTrainingData(Recipe("{}", "data.imbalance=long-tailed", "data.imbalanceRatio=6"), _folder.Path);
        var kept = tailed.SampleIds(0, (int)tailed.Samples).GroupBy(id => id % 10).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal((12, 2), (kept[0], kept[9]));
        Assert.Equal(kept.Values.Sum(), tailed.Samples);

        _folder.Write("flat/a.png", ImageEncoder.Png(new RgbImage(8, 8)));
        var error = Assert.Throws<UserErrorException>(() => new ImageTrainingData(Recipe("{}", "data.imbalance=balanced"), _folder.File("flat")));
        Assert.Contains("data.imbalance needs labels", error.Message);
    }

    [Fact]
    public void A_number_of_steps_does_not_follow_the_size_of_the_data()
    {
        foreach (var limit in new[] { 40, 120 })
        {
            var recipe = Recipe("{}", "steps=7", $"data.limit={limit}");
            using var data = new ImageTrainingData(recipe, _folder.Path);
            Assert.Equal((limit, 7), (data.Samples, new RunPlan(recipe, data.Samples).TotalSteps));
        }
    }

    public void Dispose() => _folder.Dispose();

    private static Recipe Recipe(string views, params string[] overrides) => RecipeReader.Parse(
        $$"""
        { "method": "simclr", "seed": 5, "steps": 10, "batch": { "effective": 20, "micro": 10 }, "views": [ {{views}} ],
          "normalize": { "mean": [0.1, 0.2, 0.3], "standardDeviation": [0.4, 0.5, 0.6] } }
        """,
        overrides);
}
