using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>SIGReg over sums of a fixed size is SIGReg over the rows, and knows a Gaussian.</summary>
public class LeJepaTests
{
    [Fact]
    [Trait("Method", "lejepa")]
    public void The_sums_of_micro_batches_give_the_value_and_the_gradient_of_the_whole_batch()
    {
        using var scope = NewDisposeScope();
        var recipe = SmallRun.Recipe("lejepa") with { Views = [new() { Count = 2, Crop = new() { Size = 8 } }], Projector = new() { Shape = "5" } };
        recipe.Loss["gaussian"] = 2;
        var method = MethodCatalog.Create(recipe);
        var step = new StepContext { Seed = 7, Step = 3, TotalSteps = 9, EffectiveBatch = 12, Device = CPU };
        var (a, b) = (Draw(1, 12).requires_grad_(true), Draw(2, 12).requires_grad_(true));
        var whole = method.Loss(new Embeddings { { "z1", a }, { "z2", b } }, MethodState.Empty, step);
        whole.backward();

        // Five micro-batches of different size would do: only sums are brought.
        var (c, d) = (Draw(1, 12).requires_grad_(true), Draw(2, 12).requires_grad_(true));
        var slices = SigReg.Slices(7, 3, 16, 5);
        var knots = SigReg.Knots(17, 3, CPU);
        var sums = cat([.. Enumerable.Range(0, 3).Select(m => stack([SigReg.Sums(Part(c, m), slices, knots), SigReg.Sums(Part(d, m), slices, knots)]).unsqueeze(0))]);
        var predictions = stack([.. Enumerable.Range(0, 3).Select(m => (Part(c, m) - Part(d, m)).square().mean() / 4)]);
        Assert.Equal([3L, 2L, 2L, 16L, 17L], sums.shape);
        var parts = method.Loss(new Embeddings { { "sums", sums }, { "prediction", predictions } }, MethodState.Empty, step);
        parts.backward();
        Same(parts.detach().item<float>(), whole.detach().item<float>());
        Assert.True((a.grad! - c.grad!).abs().max().item<float>() < 1e-5);
        Assert.True((b.grad! - d.grad!).abs().max().item<float>() < 1e-5);

        static Tensor Part(Tensor z, int m) => z.narrow(0, 4 * m, 4);
    }

    [Fact]
    [Trait("Method", "lejepa")]
    public void A_Gaussian_sample_costs_the_same_at_any_size_and_other_shapes_cost_more_the_more_there_is_of_them()
    {
        using var scope = NewDisposeScope();
        var slices = SigReg.Slices(1, 0, 64, 8);
        var (small, large) = (Statistic(Draw(1, 500, 8)), Statistic(Draw(2, 4000, 8)));

        // E N|φ̂ − φ|² = 1 − e^{−t²}: the integral is √2π·erf(3/√2) − √(2π/3)·erf(3·√1.5) = 1.05.
        Assert.InRange(small, 0.5, 2);
        Assert.InRange(large, 0.5, 2);
        Assert.True(Statistic(zeros(500, 8)) > 100);
        Assert.True(Statistic(2 * Draw(1, 500, 8)) > 20);
        Assert.True(Statistic(Draw(1, 500, 8) + 0.5) > 20);
        Assert.Equal(2, Statistic(zeros(1000, 8)) / Statistic(zeros(500, 8)), 1e-4);

        double Statistic(Tensor z) => SigReg.Statistic(SigReg.Sums(z, slices, SigReg.Knots(17, 3, CPU)), SigReg.Knots(17, 3, CPU), z.shape[0]).item<float>();
    }

    [Fact]
    [Trait("Method", "lejepa")]
    public void Slices_have_length_1_and_are_a_function_of_seed_and_step_alone()
    {
        using var scope = NewDisposeScope();
        var slices = SigReg.Slices(7, 3, 32, 16);
        Assert.True((slices.square().sum(1) - 1).abs().max().item<float>() < 1e-5);
        Assert.Equal(slices.Values<float>(), SigReg.Slices(7, 3, 32, 16).Values<float>());
        Assert.NotEqual(slices.Values<float>(), SigReg.Slices(7, 4, 32, 16).Values<float>());
        Assert.NotEqual(slices.Values<float>(), SigReg.Slices(8, 3, 32, 16).Values<float>());
    }
}
