using System.Text.Json;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Optim;
using SslOrleans.Learning.Training;

namespace SslOrleans.Tests.Learning.Optim;

public class OptimizerTests
{
    private static readonly JsonElement s_golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "optimizers.json"))).RootElement;

    public static TheoryData<string, OptimizerRecipe> Cases => new()
    {
        { "sgd", new OptimizerRecipe { Name = "sgd", WeightDecay = 0.01 } },
        { "adamw", new OptimizerRecipe { Name = "adamw", WeightDecay = 0.05, Beta2 = 0.95 } },
        { "lars", new OptimizerRecipe { Name = "lars", WeightDecay = 0.01, TrustCoefficient = 0.001 } },
        { "larsClipped", new OptimizerRecipe { Name = "lars", WeightDecay = 0.01, TrustCoefficient = 0.02, ClipTrust = true } },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void FiveStepsEqualPyTorchs(string name, OptimizerRecipe recipe)
    {
        var p = Read(s_golden.GetProperty("start"));
        var optimizer = Optimizers.Create(recipe);
        Memory<float>[] state = [.. optimizer.State.Select(_ => new float[p.Length].AsMemory())];
        var rates = Read(s_golden.GetProperty("rates"));
        var gradients = s_golden.GetProperty("gradients").EnumerateArray().Select(Read).ToArray();
        for (var step = 0; step < rates.Length; step++)
            optimizer.Step(p, gradients[step], state, new StepSize(step, rates[step], (float)recipe.WeightDecay, true));
        foreach (var (expected, found) in Read(s_golden.GetProperty(name)).Zip(p))
            Assert.Equal(expected, found, Math.Abs(expected) * 1e-5f + 1e-6f);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void BitsDoNotDependOnWhereATensorLies(string name, OptimizerRecipe recipe)
    {
        Assert.NotEmpty(name);
        var aligned = Run(0);
        Assert.Equal(aligned, Run(1));
        Assert.Equal(aligned, Run(3));

        float[] Run(int shift)
        {
            var random = new Random(5);
            var optimizer = Optimizers.Create(recipe);
            var p = new float[1003 + shift].AsMemory()[shift..];
            var g = new float[1003 + shift].AsMemory()[shift..];
            Memory<float>[] state = [.. optimizer.State.Select(_ => new float[1003 + shift].AsMemory()[shift..])];
            foreach (ref var x in p.Span)
                x = random.NextSingle() - 0.5f;
            for (var step = 0; step < 3; step++)
            {
                foreach (ref var x in g.Span)
                    x = random.NextSingle() - 0.5f;
                optimizer.Step(p.Span, g.Span, state, new StepSize(step, 0.1f, 0.01f, true));
            }

            return p.ToArray();
        }
    }

    [Fact]
    [Trait("Method", "byol")]
    public void TheTeachersClosedForm()
    {
        // θt − θs = ξⁿ(θt₀ − θs) with a frozen student (K19).
        float[] teacher = [1f, -2f, 5f];
        float[] student = [0.5f, 0.5f, 0.5f];
        for (var n = 0; n < 20; n++)
            Ema.Update(teacher, student, 0.9);
        var decay = Math.Pow(0.9, 20);
        Assert.Equal(0.5 + (decay * 0.5), teacher[0], 1e-5);
        Assert.Equal(0.5 - (decay * 2.5), teacher[1], 1e-5);
    }

    [Theory]
    [InlineData("vit-ti", "backbone.cls_token", 13)]
    [InlineData("vit-ti", "backbone.patch_embed.proj.weight", 13)]
    [InlineData("vit-ti", "backbone.blocks.0.norm1.weight", 12)]
    [InlineData("vit-ti", "backbone.blocks.11.mlp.fc2.bias", 1)]
    [InlineData("vit-ti", "backbone.norm.weight", 0)]
    [InlineData("vit-nano", "backbone.blocks.3.mlp.fc2.bias", 1)]
    [InlineData("text-ti", "backbone.blocks.11.mlp.fc2.bias", 1)]
    [InlineData("convnextv2-zepto", "backbone.stem.0.weight", 4)]
    [InlineData("convnextv2-zepto", "backbone.stages.0.blocks.0.norm.weight", 3)]
    [InlineData("convnextv2-zepto", "backbone.stages.2.blocks.1.norm.weight", 1)]
    [InlineData("convnextv2-zepto", "backbone.norm.weight", 0)]
    [InlineData("table-mlp", "backbone.layers.0.weight", 4)]
    [InlineData("table-mlp", "backbone.layers.6.bias", 1)]
    [InlineData("resnet50", "backbone.conv1.weight", 5)]
    [InlineData("resnet50", "backbone.layer4.2.bn3.weight", 1)]
    [InlineData("conv4", "backbone.bn4.bias", 1)]
    [InlineData("conv4", "projector.0.weight", 0)]
    public void LayerDecayCountsTheLayersAbove(string backbone, string tensor, int above)
    {
        Assert.Equal(Math.Pow(0.75, above), LayerDecay.Factor(tensor, new BackboneRecipe { Name = backbone }, 0.75), 1e-12);
        Assert.Equal(1, LayerDecay.Factor(tensor, new BackboneRecipe { Name = backbone }, 1));
    }

    [Theory]
    [InlineData(1.0, 1.0, false)]
    [InlineData(0.5, 1.0, false)]
    [InlineData(1.0, 10.0, false)]
    [InlineData(1.0, 1.0, true)]
    public void ATensorsRateIsScheduleTimesLayerTimesHead(double layerDecay, double headFactor, bool constant)
    {
        // Plain SGD without momentum: one step moves every weight by its own rate times the gradient of 1.
        var recipe = new Recipe
        {
            Backbone = new BackboneRecipe { Name = "conv4" },
            Predictor = new HeadRecipe { LearningRateFactor = headFactor, ConstantLearningRate = constant },
            Optimizer = new OptimizerRecipe { Momentum = 0, WeightDecay = 0, LayerDecay = layerDecay },
        };
        TensorEntry[] entries = [new("backbone.conv1.weight", [1, 2], 0, 2, TensorKind.Trained, false), new("predictor.0.weight", [2, 1], 2, 2, TensorKind.Trained, false)];
        var slice = new SliceState(recipe, new LayoutSlice(0, 0, 4, entries), new float[4]);
        slice.Apply(new StepSchedule(0, 0.1, 0.4, 0, 1), new float[] { 1, 1, 1, 1 }, 1);
        Assert.Equal(-0.1 * Math.Pow(layerDecay, 4), slice.Parameters[0], 1e-7);
        Assert.Equal(-headFactor * (constant ? 0.4 : 0.1), slice.Parameters[2], 1e-7);
    }

    [Fact]
    public void ScalingRules()
    {
        // K01's own example: effective batch 4096, base 0.3 → 4.8. K02 in both readings.
        Assert.Equal(4.8, Schedules.Scale(new OptimizerRecipe { LearningRate = 0.3 }, 4096), 1e-12);
        Assert.Equal(0.3, Schedules.Scale(new OptimizerRecipe { LearningRate = 0.6, Scaling = "sqrt" }, 64), 1e-12);
        Assert.Equal(0.6 * 8 / 256, Schedules.Scale(new OptimizerRecipe { LearningRate = 0.6, Scaling = "sqrt-printed" }, 64), 1e-12);
    }

    [Fact]
    public void WarmupThenCosine()
    {
        var schedule = new ScheduleRecipe { WarmupSteps = 10 };
        Assert.Equal(0, Schedules.Factor(schedule, 0, 110, 10), 1e-12);
        Assert.Equal(0.9, Schedules.Factor(schedule, 9, 110, 10), 1e-12);
        Assert.Equal(1, Schedules.Factor(schedule, 10, 110, 10), 1e-12);
        Assert.Equal(0.5, Schedules.Factor(schedule, 60, 110, 10), 1e-12);
        Assert.True(Schedules.Factor(schedule, 109, 110, 10) < 0.001);
        Assert.Equal(0.996, Schedules.TeacherMomentum(new TeacherRecipe { Momentum = 0.996 }, 0, 100), 1e-12);
        Assert.Equal(1, Schedules.TeacherMomentum(new TeacherRecipe { Momentum = 0.996 }, 100, 100), 1e-12);
    }

    private static float[] Read(JsonElement numbers) => [.. numbers.EnumerateArray().Select(n => n.GetSingle())];
}
