using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Training;

namespace SslOrleans.Tests.Learning.Training;

/// <summary>The reference that the grains are held to: its bits depend on the recipe alone.</summary>
public class LocalTrainerTests
{
    [Theory]
    [InlineData("simclr")]
    [InlineData("vicreg")]
    [InlineData("mocov2")]
    [InlineData("byol")]
    public void BitsDoNotDependOnTheNumberOfLanes(string method)
    {
        var one = Hashes(method, 1);
        Assert.Equal(one, Hashes(method, 2));
        Assert.Equal(one, Hashes(method, 3));
        Assert.Equal(one.Count, one.Distinct().Count());
    }

    private static List<string> Hashes(string method, int lanes)
    {
        var recipe = SmallRuns.Recipe(method);
        using var data = new ColouredNoise(recipe, 64);
        using var trainer = new LocalTrainer(recipe, data, lanes);
        var hashes = new List<string>();
        for (var step = 0; step < 4; step++)
        {
            var report = trainer.RunStep();
            Assert.True(float.IsFinite(report.Loss));
            hashes.Add($"{report.WeightsHash} {report.Loss:R} {string.Join(' ', report.Reported)}");
        }

        return hashes;
    }
}

/// <summary>Recipes that take milliseconds.</summary>
internal static class SmallRuns
{
    public static Recipe Recipe(string method, params string[] overrides) => RecipeReader.Parse(
        $$"""
        {
          "name": "small", "method": "{{method}}", "seed": 7, "steps": 12,
          "batch": { "effective": 24, "micro": 4 },
          "views": [ { "count": 2, "crop": { "size": 16 } } ],
          "projector": { "shape": "32-16", "batchNorm": {{(method is "byol" ? "true" : "false")}} },
          "predictor": { "shape": "{{(method is "byol" ? "32-16" : "")}}", "batchNorm": {{(method is "byol" ? "true" : "false")}} },
          "loss": {{(method is "mocov2" ? "{ \"queue\": 96 }" : "{}")}},
          "workers": { "slices": 3 }
        }
        """,
        overrides);
}

/// <summary>Views that are a pure function of position, without any image file.</summary>
internal sealed class ColouredNoise(Recipe recipe, long samples) : ITrainingData
{
    public long Samples => samples;

    public string Fingerprint => $"noise {samples}";

    public long[] SampleIds(long firstPosition, int count) => [.. Enumerable.Range(0, count).Select(i => (firstPosition + i) % samples)];

    public MicroBatchViews Render(long firstPosition, int count)
    {
        var ids = SampleIds(firstPosition, count);
        var size = recipe.Views[0].Crop.Size;
        return new MicroBatchViews(ids, [.. Enumerable.Range(0, recipe.Views.Sum(v => v.Count)).Select(v => new ViewBuffer(Pixels(firstPosition, count, v, size), size, size))]);
    }

    public EvaluationSet? Evaluation(bool test) => null;

    public void Dispose()
    {
    }

    private float[] Pixels(long first, int count, int view, int size)
    {
        var pixels = new float[count * 3 * size * size];
        for (var row = 0; row < count; row++)
        {
            var random = new SslOrleans.Learning.Numerics.RandomStream(recipe.Seed, SslOrleans.Learning.Numerics.Purpose.View, (first + row) / samples, (first + row) % samples, view);
            foreach (ref var p in pixels.AsSpan(row * 3 * size * size, 3 * size * size))
                p = random.NextSingle(-1, 1);
        }

        return pixels;
    }
}
