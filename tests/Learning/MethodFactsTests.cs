using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests;

/// <summary>What the literature says of single methods and can be checked small.</summary>
public class MethodFactsTests
{
    private static Tensor Draw(int number, int rows, int width)
    {
        var random = new RandomStream(4, Purpose.Evaluation, 0, number, 0);
        var values = new float[rows * width];
        foreach (ref var value in values.AsSpan())
            value = random.NextNormal();
        return tensor(values).reshape(rows, width);
    }

    private static float Value(Tensor t) => t.detach().item<float>();

    [Theory]
    [Trait("Method", "unified")]
    [InlineData(0.4, 1.0)]
    [InlineData(1.0, 0.0)]
    public void Unified_family_equals_its_printed_form(double tau, double epsilon)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Draw(1, 6, 5), Draw(2, 6, 5));
        var printed = UnifiedContrastive.Printed(a, b, x => tau * (x + epsilon).log(), x => (x / tau).exp());
        Assert.Equal(Value(printed), Value(UnifiedContrastive.Loss(a, b, tau, epsilon)), 1e-5f);
    }

    [Fact]
    [Trait("Method", "relic")]
    public void Relics_invariance_vanishes_for_identical_views_only()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (Draw(1, 5, 4), Draw(2, 5, 4));
        Assert.Equal(0f, Value(RelicInvariance.Loss(a, a, 0.2)), 1e-6f);
        Assert.True(Value(RelicInvariance.Loss(a, b, 0.2)) > 1e-3);
    }

    [Fact]
    [Trait("Method", "swav")]
    public void Sinkhorn_gives_rows_of_sum_1_and_columns_of_equal_sum()
    {
        using var scope = NewDisposeScope();
        var codes = Sinkhorn.Codes(functional.normalize(Draw(3, 24, 6), dim: 1), 0.5, 50);
        Assert.All(codes.sum(1L).data<float>().ToArray(), v => Assert.Equal(1f, v, 1e-4f));
        Assert.All(codes.sum(0L).data<float>().ToArray(), v => Assert.Equal(4f, v, 1e-3f));
    }

    [Fact]
    [Trait("Method", "nnclr")]
    public void Nnclr_with_itself_as_neighbour_is_one_view_InfoNCE()
    {
        using var scope = NewDisposeScope();
        var z = functional.normalize(Draw(4, 6, 5), dim: 1);
        var p = Draw(5, 6, 5);
        Assert.Equal(Value(InfoNceLoss.OneView(z, p, 0.1)), Value(InfoNceLoss.OneView(Neighbours.Nearest(z, z), p, 0.1)), 1e-6f);
    }

    [Fact]
    [Trait("Method", "msf")]
    public void Msf_with_one_neighbour_that_is_the_target_is_Byol_in_one_direction()
    {
        using var scope = NewDisposeScope();
        var method = MethodCatalog.Create(SmallRun.Recipe("msf") with { Loss = new() { ["queue"] = 24, ["neighbours"] = 1 } });
        var (p, key) = (Draw(6, 4, 8), functional.normalize(Draw(7, 4, 8), dim: 1));
        var state = new MethodState(new Dictionary<string, Tensor> { ["queue"] = functional.normalize(Draw(8, 24, 8), dim: 1) });
        Assert.Equal(Value(ByolRegression.Loss(p, key)), Value(method.Loss(new Embeddings { { "p1", p }, { "key2", key } }, state, Step())), 1e-6f);
    }

    [Fact]
    [Trait("Method", "wmse")]
    [Trait("Method", "cca")]
    public void Whitened_rows_have_the_identity_as_covariance_and_canonical_correlations_of_a_linear_image_are_1()
    {
        using var scope = NewDisposeScope();
        var z = Draw(9, 40, 4);
        var white = Whitening.Apply(z, 0);
        var covariance = white.t().mm(white) / 39;
        Assert.True(Value((covariance - eye(4)).abs().max()) < 1e-4);
        Assert.Equal(-4f, Value(CanonicalCorrelation.Loss(z, z.mm(Draw(10, 4, 4)), 0)), 1e-3f);
    }

    [Fact]
    [Trait("Method", "directpred")]
    [Trait("Method", "directset")]
    public void Closed_form_predictors_of_an_isotropic_correlation_are_multiples_of_the_identity()
    {
        using var scope = NewDisposeScope();
        var expected = 1.25f * eye(5);
        Assert.True(Value((ClosedFormPredictor.ByEigenvalues(0.3f * eye(5), 0.25) - expected).abs().max()) < 1e-5);
        Assert.True(Value((ClosedFormPredictor.ByCopy(0.3f * eye(5), 0.25) - expected).abs().max()) < 1e-5);
    }

    [Fact]
    [Trait("Method", "nca")]
    [Trait("Method", "dinov2")]
    public void Nca_is_between_minus_1_and_0_and_KoLeo_falls_as_points_spread()
    {
        using var scope = NewDisposeScope();
        Assert.InRange(Value(NcaLoss.Loss(Draw(11, 5, 4), Draw(12, 5, 4), true)), -1f, 0f);
        var near = tensor(new[] { 1f, 0f, 1f, 0.1f, 0f, 1f }).reshape(3, 2);
        var far = tensor(new[] { 1f, 0f, -0.5f, 0.8f, -0.5f, -0.8f }).reshape(3, 2);
        Assert.True(Value(KoLeo.Loss(far)) < Value(KoLeo.Loss(near)));
    }

    [Fact]
    [Trait("Method", "deepcluster")]
    public void KMeans_finds_separate_clusters_and_leaves_none_empty()
    {
        const int Width = 3;
        var rows = new float[60 * Width];
        for (var i = 0; i < 60; i++)
        {
            var random = new RandomStream(3, Purpose.Evaluation, 0, i, 0);
            var z = Enumerable.Range(0, Width).Select(d => (d == i % 3 ? 1f : 0f) + (0.05f * random.NextNormal())).ToArray();
            var norm = MathF.Sqrt(z.Sum(v => v * v));
            for (var d = 0; d < Width; d++)
                rows[(i * Width) + d] = z[d] / norm;
        }

        var (_, three) = SphericalKMeans.Run(rows, Width, 3, 10, new RandomStream(1, Purpose.MethodState, 0, 0, 1));
        Assert.All(Enumerable.Range(0, 60), i => Assert.Equal(three[i % 3], three[i]));
        var (_, many) = SphericalKMeans.Run(rows, Width, 40, 5, new RandomStream(1, Purpose.MethodState, 0, 0, 1));
        Assert.Equal(40, many.Distinct().Count());
    }

    [Fact]
    [Trait("Method", "nat")]
    public void Assignment_is_the_best_of_all_permutations()
    {
        var random = new RandomStream(9, Purpose.Evaluation, 0, 0, 0);
        var value = new float[6, 6];
        for (var i = 0; i < 36; i++)
            value[i / 6, i % 6] = random.NextNormal();
        var chosen = Assignment.Maximize(6, (r, c) => value[r, c]);
        Assert.Equal(6, chosen.Distinct().Count());
        Assert.Equal(Best(0, 0), chosen.Select((c, r) => value[r, c]).Sum(), 1e-5f);

        float Best(int row, int used) => row == 6
            ? 0
            : Enumerable.Range(0, 6).Where(c => (used & (1 << c)) == 0).Max(c => value[row, c] + Best(row + 1, used | (1 << c)));
    }

    [Theory]
    [Trait("Method", "mae")]
    [Trait("Method", "ijepa")]
    [Trait("Method", "simmim")]
    [Trait("Method", "ibot")]
    [InlineData("random", 0.75, 48)]
    [InlineData("block", 0.5, 32)]
    [InlineData("uniform", 0.5, 32)]
    public void Masks_hide_exactly_their_share_and_depend_on_the_sample_alone(string kind, double ratio, int hidden)
    {
        var recipe = new MaskRecipe { Kind = kind, Ratio = ratio };
        bool[] Mask(long sample) => PatchMask.Draw(recipe, 8, new RandomStream(1, Purpose.Mask, 0, sample, 0));
        Assert.Equal(hidden, Mask(5).Count(h => h));
        Assert.Equal(Mask(5), Mask(5));
        Assert.NotEqual(Mask(5), Mask(6));
        if (kind != "uniform")
            return;
        for (var y = 0; y < 8; y += 2)
        {
            for (var x = 0; x < 8; x += 2)
                Assert.Equal(2, new[] { (y * 8) + x, (y * 8) + x + 1, ((y + 1) * 8) + x, ((y + 1) * 8) + x + 1 }.Count(i => Mask(5)[i]));
        }
    }

    [Fact]
    public void Stochastic_depth_is_a_function_of_the_sample_keeps_the_expected_share_and_is_off_on_a_teacher()
    {
        using var scope = NewDisposeScope();
        var (one, other, teacher) = (new DropPath(), new DropPath(), new DropPath());
        Assert.Null(teacher.Mask(0, 0, 4, 0.5, CPU));
        one.Begin(1, 0, [.. Enumerable.Range(0, 2000).Select(i => (long)i)]);
        other.Begin(1, 0, [7, 3]);
        one.BeginPass();
        other.BeginPass();
        var all = one.Mask(2, 1, 2000, 0.3, CPU)!.flatten().data<float>().ToArray();
        Assert.InRange(all.Count(v => v > 0) / 2000.0, 0.67, 0.73);
        Assert.Equal([all[7], all[3]], other.Mask(2, 1, 2, 0.3, CPU)!.flatten().data<float>().ToArray());
        Assert.Equal([0, 0.25, 0.5], Enumerable.Range(0, 3).Select(b => Vit.DropRate(new BackboneRecipe { DropPath = 0.5 }, b, 3)));
        Assert.Equal(0.5, Vit.DropRate(new BackboneRecipe { DropPath = 0.5, DropPathRule = "uniform" }, 0, 3));
    }

    [Fact]
    [Trait("Method", "mae")]
    [Trait("Method", "simmim")]
    public void Patch_pixels_come_back_in_order()
    {
        using var scope = NewDisposeScope();
        var images = arange(0, 2 * 3 * 4 * 4).to(ScalarType.Float32).reshape(2, 3, 4, 4);
        var patches = PatchPixels.Of(images, 2);
        Assert.Equal([2L, 4L, 12L], patches.shape);
        // Patch 1 is the upper right one; its first pixel is row 0, column 2, whose channels are 16 apart.
        Assert.Equal([2f, 18f, 34f, 3f], patches[0][1].narrow(0, 0, 4).contiguous().data<float>().ToArray());
        var normal = PatchPixels.Normalize(patches);
        Assert.True(Value(normal.mean([-1L]).abs().max()) < 1e-5);
    }

    private static StepContext Step() => new() { Seed = 0, Step = 0, TotalSteps = 1, EffectiveBatch = 4, Device = CPU };
}
