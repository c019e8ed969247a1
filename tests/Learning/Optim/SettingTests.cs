using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Optim;
using SslOrleans.Learning.Tests;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Tests.Learning.Optim;

/// <summary>What single settings of a recipe are worth, in numbers that can be had by hand.</summary>
public class SettingTests
{
    [Theory]
    [InlineData(false, 1.0)]
    [InlineData(true, 1.0)]
    [InlineData(false, 0.024)]
    [InlineData(true, 0.024)]
    public void A_bias_moves_without_weight_decay_when_it_is_excluded_and_by_its_factor_of_the_rate(bool excluded, double factor)
    {
        // p ← p − r·(g + λ·p) with p = 2, g = 1, λ = 0.5, r = 0.1.
        var moved = Step(new OptimizerRecipe { Momentum = 0, ExcludeBiasAndNorm = excluded, BiasAndNormFactor = factor });
        Assert.Equal(2 - (0.1 * 2), moved[0], 1e-6);
        Assert.Equal(2 - (0.1 * factor * (excluded ? 1 : 2)), moved[2], 1e-6);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LARS_adapts_a_bias_unless_it_is_excluded(bool excluded)
    {
        // ‖p‖ = 2√2 and ‖g‖ = √2: the rate is η·‖p‖/(‖g‖ + λ‖p‖) = 0.01·2/(1 + 0.5·2) times the scheduled one.
        var moved = Step(new OptimizerRecipe { Name = "lars", Momentum = 0, ExcludeBiasAndNorm = excluded, TrustCoefficient = 0.01 });
        Assert.Equal(2 - (0.1 * 0.01 * 2), moved[0], 1e-6);
        Assert.Equal(2 - (excluded ? 0.1 : 0.1 * 0.01 * 2), moved[2], 1e-6);
    }

    [Fact]
    public void Weight_decay_goes_from_its_first_to_its_final_value_by_half_a_cosine()
    {
        var plan = new RunPlan(SmallRun.Recipe("simclr", steps: 100) with { Optimizer = new OptimizerRecipe { WeightDecay = 0.04, FinalWeightDecay = 0.4 } }, 30);
        Assert.Equal(0.04, plan.Schedule(0).WeightDecay, 1e-12);
        Assert.Equal(0.04 + (0.36 * 0.5 * (1 - Math.Sqrt(0.5))), plan.Schedule(25).WeightDecay, 1e-9);
        Assert.Equal(0.22, plan.Schedule(50).WeightDecay, 1e-9);
        Assert.InRange(plan.Schedule(99).WeightDecay, 0.3999, 0.4);
        Assert.Equal(0.04, Schedules.WeightDecay(new OptimizerRecipe { WeightDecay = 0.04 }, 50, 100), 1e-12);
    }

    [Fact]
    public void Warm_up_starts_from_its_share_of_the_rate()
    {
        var schedule = new ScheduleRecipe { WarmupStart = 0.2 };
        Assert.Equal([0.2, 0.4, 0.6, 0.8, 1.0], Enumerable.Range(0, 5).Select(s => Math.Round(Schedules.Factor(schedule, s, 100, 4), 12)));
        var plan = new RunPlan(SmallRun.Recipe("simclr", steps: 100) with { Schedule = new ScheduleRecipe { WarmupSteps = 10, WarmupStart = 0.25 } }, 30);
        Assert.Equal(0.25 * plan.Schedule(0).BaseRate, plan.Schedule(0).LearningRate, 1e-12);
    }

    [Fact]
    public void A_gradient_longer_than_the_clip_is_scaled_to_it_and_a_shorter_one_is_left()
    {
        var recipe = SmallRun.Recipe("simclr") with { Optimizer = new OptimizerRecipe { Momentum = 0, WeightDecay = 0 }, Schedule = new ScheduleRecipe { Decay = "constant" } };
        var (free, norm) = Moved(recipe);
        var (clipped, same) = Moved(recipe with { Optimizer = recipe.Optimizer with { ClipGradientNorm = norm / 4 } });
        var (loose, _) = Moved(recipe with { Optimizer = recipe.Optimizer with { ClipGradientNorm = norm * 4 } });
        Assert.Equal(norm, same, 1e-6);
        Assert.Equal(free, loose);
        Assert.All(free.Zip(clipped), p => Assert.Equal(p.First / 4, p.Second, 1e-6));

        static (float[] Change, double Norm) Moved(Recipe recipe)
        {
            using var trainer = new LocalTrainer(recipe, new SmallRun.Data(recipe));
            var before = trainer.Parameters.ToArray();
            var norm = trainer.RunStep().GradientNorm;
            var trained = trainer.Layout.Entries.Where(e => e.Kind == TensorKind.Trained).SelectMany(e => Enumerable.Range(e.Offset, e.Length)).ToArray();
            var after = trainer.Parameters.ToArray();
            return ([.. trained.Select(i => after[i] - before[i])], norm);
        }
    }

    [Fact]
    public void A_frozen_patch_projection_keeps_its_random_weights_and_one_that_is_not_frozen_does_not()
    {
        foreach (var frozen in new[] { true, false })
        {
            var small = SmallRun.Recipe("mae");
            var recipe = small with { Backbone = small.Backbone with { FrozenPatchProjection = frozen } };
            var kept = Kept(recipe, 2);
            Assert.Equal(frozen, kept["backbone.patch_embed.proj.weight"]);
            Assert.Equal(frozen, kept["backbone.patch_embed.proj.bias"]);
            Assert.False(kept["backbone.blocks.0.attn.qkv.weight"]);
        }
    }

    [Theory]
    [InlineData("dino")]
    [InlineData("ibot")]
    public void The_last_layer_stays_as_it_is_for_its_frozen_epochs(string method)
    {
        // 30 images, 12 in a step: steps 0 to 2 begin in epoch 0, step 3 in epoch 1.
        var recipe = SmallRun.Recipe(method) with { Optimizer = new OptimizerRecipe { WeightDecay = 0 } };
        recipe.Loss["frozenEpochs"] = 1;
        Assert.True(Kept(recipe, 3)["prototypes.weight"]);
        Assert.False(Kept(recipe, 3)["projector.0.weight"]);
        Assert.False(Kept(recipe, 4)["prototypes.weight"]);
        recipe.Loss["frozenEpochs"] = 0;
        Assert.False(Kept(recipe, 1)["prototypes.weight"]);
    }

    [Fact]
    public void A_last_batch_norm_gives_columns_of_mean_0_and_variance_1_and_has_no_weights()
    {
        using var scope = NewDisposeScope();
        using var head = MlpHead.Create(new HeadRecipe { Shape = "8-4", LastBatchNorm = true }, 6)!;
        using var plain = MlpHead.Create(new HeadRecipe { Shape = "8-4" }, 6)!;
        head.train();
        var z = head.call((3 * LossAlone.Draw(1, 40, 6)) + 5);
        Assert.Equal(0, z.mean([0L]).abs().max().item<float>(), 1e-5);
        Assert.Equal(0, ((z - z.mean([0L])).square().mean([0L]) - 1).abs().max().item<float>(), 1e-3);
        Assert.Equal(["0.weight", "0.bias", "2.weight"], head.named_parameters().Select(p => p.name));
        Assert.Contains("2.bias", plain.named_parameters().Select(p => p.name));
    }

    [Fact]
    public void No_weight_moves_in_still_epochs_and_the_first_clustering_has_every_image()
    {
        // 30 images, 12 in a step: the epoch ends within step 2.
        var recipe = SmallRun.Recipe("deepcluster", steps: 6) with
        {
            Optimizer = new OptimizerRecipe { Name = "adamw", LearningRate = 0.01, WeightDecay = 0.1 },
            Schedule = new ScheduleRecipe { StillEpochs = 1 },
        };
        Assert.All(Kept(recipe, 3), k => Assert.True(k.Value, k.Key));
        Assert.DoesNotContain(true, Kept(recipe, 4).Values);
        var plan = new RunPlan(recipe, 30);
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(s => plan.Schedule(s).IsStill));
        Assert.Equal(plan.Schedule(3).BaseRate, plan.Schedule(3).LearningRate, 1e-12);
        var tooLong = Assert.Throws<UserErrorException>(() => new RunPlan(recipe with { Schedule = new ScheduleRecipe { StillEpochs = 3 } }, 30));
        Assert.Contains("schedule.stillEpochs is 3, 8 steps, and the run has 6", tooLong.Message, StringComparison.Ordinal);
    }

    /// <summary>Which trained tensors have the bits that they started with.</summary>
    private static Dictionary<string, bool> Kept(Recipe recipe, int steps)
    {
        using var trainer = new LocalTrainer(recipe, new SmallRun.Data(recipe));
        var before = trainer.Parameters.ToArray();
        for (var step = 0; step < steps; step++)
            trainer.RunStep();
        var after = trainer.Parameters.ToArray();
        return trainer.Layout.Entries.Where(e => e.Kind is TensorKind.Trained or TensorKind.Frozen)
            .ToDictionary(e => e.Name, e => before.AsSpan(e.Offset, e.Length).SequenceEqual(after.AsSpan(e.Offset, e.Length)));
    }

    /// <summary>One step at rate 0.1 and weight decay 0.5 of a weight <c>[1, 2]</c> and a bias <c>[2]</c>, all values 2, all gradients 1.</summary>
    private static float[] Step(OptimizerRecipe optimizer)
    {
        TensorEntry[] entries = [new("backbone.conv1.weight", [1, 2], 0, 2, TensorKind.Trained, false), new("backbone.bn1.bias", [2], 2, 2, TensorKind.Trained, false)];
        var slice = new SliceState(new Recipe { Optimizer = optimizer }, new LayoutSlice(0, 0, 4, entries), new float[] { 2, 2, 2, 2 });
        slice.Apply(new StepSchedule(0, 0.1, 0.1, 0.5, 1), new float[] { 1, 1, 1, 1 }, 1);
        return slice.Parameters;
    }
}
