using System.Text.Json;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Optim;

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
        Assert.Equal(0.1, Schedules.Factor(schedule, 0, 110, 10), 1e-12);
        Assert.Equal(1, Schedules.Factor(schedule, 9, 110, 10), 1e-12);
        Assert.Equal(0.5, Schedules.Factor(schedule, 60, 110, 10), 1e-12);
        Assert.True(Schedules.Factor(schedule, 109, 110, 10) < 0.001);
        Assert.Equal(0.996, Schedules.TeacherMomentum(new TeacherRecipe { Momentum = 0.996 }, 0, 100), 1e-12);
        Assert.Equal(1, Schedules.TeacherMomentum(new TeacherRecipe { Momentum = 0.996 }, 100, 100), 1e-12);
    }

    private static float[] Read(JsonElement numbers) => [.. numbers.EnumerateArray().Select(n => n.GetSingle())];
}
