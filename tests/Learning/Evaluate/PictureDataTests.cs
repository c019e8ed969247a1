using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests.Evaluate;

/// <summary>What pictures are drawn from.</summary>
public class PictureDataTests
{
    [Fact]
    public void A_map_finds_the_plane_that_was_put_in()
    {
        // Points on a plane of R⁵ with variances 9 : 1 and a far mean, and a little noise across it.
        float[] first = [0.6f, 0, 0.8f, 0, 0];
        float[] second = [0, 1, 0, 0, 0];
        var (a, b) = (new float[400], new float[400]);
        var values = new float[400 * 5];
        for (var i = 0; i < 400; i++)
        {
            (a[i], b[i]) = (3 * MathF.Sin(i * 1.7f), MathF.Sin((i * 0.9f) + 1));
            for (var d = 0; d < 5; d++)
                values[(i * 5) + d] = 100 + (a[i] * first[d]) + (b[i] * second[d]) + (1e-3f * MathF.Sin(i * (d + 1)));
        }

        var map = PrincipalMap.Of(new FeatureMatrix(values, 5));
        Assert.Equal(0.9, map.ShareX, 0.01);
        Assert.Equal(0.1, map.ShareY, 0.01);
        var (meanA, meanB) = (a.Average(), b.Average());
        for (var i = 0; i < 400; i++)
        {
            Assert.Equal(a[i] - meanA, map.X[i], 0.05f);
            Assert.Equal(b[i] - meanB, map.Y[i], 0.05f);
        }

        Assert.Throws<ProbeException>(() => PrincipalMap.Of(new FeatureMatrix(new float[40], 4)));
        Assert.Throws<ProbeException>(() => PrincipalMap.Of(new FeatureMatrix(new float[40], 1)));
    }

    [Fact]
    public void Attention_is_the_softmax_of_the_last_blocks_query_and_keys()
    {
        using var scope = NewDisposeScope();
        var recipe = SmallRun.Recipe("ibot");
        using var vit = BackboneCatalog.Transformer(recipe.Backbone);
        Initialization.Reset(vit, 3);
        vit.eval();
        using var off = no_grad();
        foreach (var parameter in vit.parameters())
            parameter.mul_(5);
        var images = tensor(Enumerable.Range(0, 2 * 3 * 8 * 8).Select(i => MathF.Sin(i * 0.7f)).ToArray(), [2L, 3, 8, 8]);
        var attention = vit.ClassAttention(images);

        // The tokens that enter the last block, seen from outside, and PyTorch's formula on its parameters.
        Tensor? entering = null;
        var last = vit.named_modules().Where(m => m.name.Count(c => c == '.') == 1 && m.name.StartsWith("blocks.", StringComparison.Ordinal)).Last();
        ((Module<Tensor, Tensor>)last.module).register_forward_pre_hook((_, x) => entering = x.clone());
        vit.Tokens(images).Dispose();
        var own = vit.named_parameters().Where(p => p.name.StartsWith(last.name + ".", StringComparison.Ordinal)).ToDictionary(p => p.name[(last.name.Length + 1)..], p => (Tensor)p.parameter);
        var d = vit.FeatureDimension;
        var heads = (int)attention.shape[1];
        var normed = functional.layer_norm(entering!, [d], own["norm1.weight"], own["norm1.bias"], 1e-6);
        var projected = functional.linear(normed, own["attn.qkv.weight"], own["attn.qkv.bias"]);
        for (var n = 0; n < 2; n++)
        {
            for (var h = 0; h < heads; h++)
            {
                var query = projected[n, 0].narrow(0, h * d / heads, d / heads);
                var keys = projected[n].narrow(1, d + (h * d / heads), d / heads);
                var expected = (keys.mv(query) / Math.Sqrt(d / heads)).softmax(0);
                Assert.True((expected - attention[n, h]).abs().max().item<float>() < 1e-5f);
            }
        }

        Assert.True((attention.max() - attention.min()).item<float>() > 0.1f, "an even attention tells nothing");
    }

    [Fact]
    public void Patches_go_back_to_their_places()
    {
        using var scope = NewDisposeScope();
        var images = arange(2 * 3 * 8 * 8).reshape(2, 3, 8, 8).to(ScalarType.Float32);
        Assert.True(PatchPixels.Images(PatchPixels.Of(images, 2), 2).eq(images).all().item<bool>());
    }

    [Theory]
    [InlineData("mae", true)]
    [InlineData("mae", false)]
    [InlineData("simmim", true)]
    [InlineData("simmim", false)]
    public void A_reconstruction_keeps_what_is_visible_and_fills_what_is_hidden(string method, bool normalized)
    {
        var recipe = RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe(method)), [$"loss.normalizePixels={(normalized ? "true" : "false")}"]);
        using var encoder = Encoder.OfRecipe(recipe, teacher: false, CPU);
        var pixels = Enumerable.Range(0, 3 * 3 * 8 * 8).Select(i => 0.1f + MathF.Abs(MathF.Sin(i * 0.7f))).ToArray();
        var found = Reconstruction.Of(encoder, recipe, pixels, 8);
        var hidden = Enumerable.Range(0, pixels.Length).Where(i => found.Masked[i] == 0).ToList();
        Assert.Equal(recipe.Views[0].Mask.Ratio, (double)hidden.Count / pixels.Length, 0.02);
        Assert.All(Enumerable.Range(0, pixels.Length).Except(hidden), i => Assert.Equal((pixels[i], pixels[i]), (found.Masked[i], found.Rebuilt[i])));
        Assert.All(hidden, i => Assert.NotEqual(0, found.Rebuilt[i]));

        // Normalised predictions get the hidden patch's own mean back: an untrained decoder is off by its contrast at most.
        if (normalized)
            Assert.Equal(hidden.Average(i => pixels[i]), hidden.Average(i => found.Rebuilt[i]), 0.3);
    }
}
