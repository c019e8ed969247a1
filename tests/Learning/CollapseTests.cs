using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests;

/// <summary>What keeps self-distillation from collapse does so, and without it the embeddings become one point.</summary>
public class CollapseTests
{
    private const int Steps = 80;

    [Fact]
    [Trait("Method", "byol")]
    public void Byol_without_a_predictor_collapses_K27()
        => Collapses(Recipe("byol"), "predictor.shape=");

    [Fact]
    [Trait("Category", "Slow")]
    [Trait("Method", "byol")]
    public void Byol_whose_teacher_is_a_copy_of_the_student_and_that_has_no_predictor_collapses()
        => Collapses(Recipe("byol"), "predictor.shape=", "teacher.momentum=0", "teacher.finalMomentum=0");

    [Fact]
    [Trait("Category", "Slow")]
    [Trait("Method", "byol")]
    public void Byol_whose_teacher_is_a_copy_of_the_student_keeps_its_spread_while_it_has_a_predictor_K22()
    {
        // The cookbook's K22 says that it collapses; here it does not (docs/cookbook.md).
        var (spread, warning) = Run(RecipeReader.Parse(RecipeReader.Write(Recipe("byol")), ["teacher.momentum=0", "teacher.finalMomentum=0"]));
        Assert.True(spread > 0.3, $"the spread is {spread}");
        Assert.Null(warning);
    }

    [Fact]
    [Trait("Method", "simsiam")]
    public void SimSiam_without_a_predictor_collapses_K28()
        => Collapses(Recipe("simsiam"), "predictor.shape=");

    [Fact]
    public void A_loss_at_ln_K_is_warned_of_and_a_loss_that_falls_is_not()
    {
        var watch = new CollapseWatch();
        var stuck = Enumerable.Range(0, 200).Select(_ => watch.Look(new Dictionary<string, float> { [CollapseWatch.OverChance] = 1.001f })).ToList();
        Assert.Contains("nothing is learnt", Assert.Single(stuck, w => w is not null), StringComparison.Ordinal);
        Assert.All(Enumerable.Range(0, 200), i => Assert.Null(watch.Look(new Dictionary<string, float> { [CollapseWatch.OverChance] = i % 50 == 0 ? 0.9f : 1f, [CollapseWatch.Spread] = 0.5f })));
    }

    [Fact]
    public void Equal_embeddings_and_gradients_of_0_are_told_at_the_third_step()
    {
        var points = new CollapseWatch();
        var told = Enumerable.Range(0, 10).Select(_ => points.Look(new Dictionary<string, float> { [CollapseWatch.Spread] = 0 }, 0)).ToList();
        Assert.Contains("look whether the images differ", Assert.Single(told, t => t is not null), StringComparison.Ordinal);
        Assert.NotNull(told[2]);
        var still = new CollapseWatch();
        told = [.. Enumerable.Range(0, 10).Select(_ => still.Look(new Dictionary<string, float> { [CollapseWatch.Spread] = 0.5f }, 0))];
        Assert.Contains("the gradient is as good as 0", told[2], StringComparison.Ordinal);
        Assert.Single(told, t => t is not null);
        var lives = new CollapseWatch();
        Assert.All(Enumerable.Range(0, 10), i => Assert.Null(lives.Look(new Dictionary<string, float> { [CollapseWatch.Spread] = 0.5f }, 0.1)));
    }

    private static void Collapses(Recipe recipe, params string[] without)
    {
        var (kept, _) = Run(recipe);
        var (lost, warning) = Run(RecipeReader.Parse(RecipeReader.Write(recipe), without));
        Assert.True(kept > 0.3, $"with everything in place the spread is {kept}");
        Assert.True(lost < 0.02, $"without it the spread is {lost}");
        Assert.Contains("collapsed", warning, StringComparison.Ordinal);
    }

    private static (float Spread, string? Warning) Run(Recipe recipe)
    {
        using var trainer = new LocalTrainer(recipe, new SmallRun.Data(recipe));
        var watch = new CollapseWatch();
        string? warning = null;
        var spread = 0f;
        while (trainer.Step < Steps)
        {
            var report = trainer.RunStep();
            spread = report.Reported[CollapseWatch.Spread];
            warning ??= watch.Look(report.Reported);
        }

        return (spread, warning);
    }

    /// <summary>
    /// Without batch norm, which spreads embeddings by itself. BYOL's gradient is four times SimSiam's; with longer steps either
    /// collapses with everything in place.
    /// </summary>
    private static Recipe Recipe(string method) => RecipeReader.Parse(
        RecipeReader.Write(SmallRun.Recipe(method, Steps)),
        [
            "batch.micro=12", "projector.batchNorm=false", "predictor.batchNorm=false", "predictor.shape=16-8", "teacher.momentum=0.1", "teacher.finalMomentum=0.1",
            "optimizer.scaling=none", $"optimizer.learningRate={(method == "byol" ? "0.07" : "0.28")}", "schedule.decay=constant",
        ]);
}
