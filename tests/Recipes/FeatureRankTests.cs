using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Training;

namespace SslOrleans.Recipes.Tests;

/// <summary>The rank of the features tells a partial collapse that the loss hides, and is silent where there is none.</summary>
public sealed class FeatureRankTests : IDisposable
{
    private readonly string _images = Directory.CreateTempSubdirectory("sslo-rank-").FullName;

    public FeatureRankTests() => GeneratedImages.Write(_images, 5000, 10, 0);

    /// <summary>DINO whose teacher is last step's student learns to agree with itself: the loss falls, and kNN falls from 37 to 23 %.</summary>
    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("dino", true, "teacher.momentum=0", "teacher.finalMomentum=0")]
    [InlineData("dino", false)]
    [InlineData("ijepa", true, "teacher.momentum=0", "teacher.finalMomentum=0")]
    [InlineData("ijepa", false)]
    [InlineData("simclr", false)]
    [InlineData("byol", false)]
    public void A_teacher_that_follows_too_fast_is_told_and_a_sound_run_is_not(string method, bool collapses, params string[] settings)
    {
        var recipe = RecipeReader.Read(Path.Combine(QuickRecipeTests.Root, "recipes", $"{method}-cifar10-quick.jsonc"), ["steps=120", .. settings]);
        using var data = new ImageTrainingData(recipe, _images);
        using var trainer = new LocalTrainer(recipe, data, lanes: 2);
        var watch = new RankWatch(RankWatch.SmoothSteps);
        var (told, losses) = (new List<string>(), new List<float>());
        while (trainer.Step < trainer.Plan.TotalSteps)
        {
            var report = trainer.RunStep();
            losses.Add(report.Loss);
            if (report.Reported.TryGetValue(RankWatch.OfSteps, out var rank) && watch.Look(rank, report.Loss) is { } warning)
                told.Add($"step {report.Step}: {warning}");
        }

        Assert.Equal(collapses ? 1 : 0, told.Count);
        Assert.True(losses.TakeLast(10).Average() < losses.Take(10).Average(), "the loss falls all the same");
    }

    public void Dispose() => Directory.Delete(_images, recursive: true);
}
