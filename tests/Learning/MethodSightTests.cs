using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Methods;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>What the encoder of a masked method may see, and what a centre remembers.</summary>
public class MethodSightTests
{
    [Theory]
    [Trait("Method", "mae")]
    [Trait("Method", "simmim")]
    [InlineData("mae", 0.75, 12)]
    [InlineData("simmim", 0.75, 12)]
    public void The_encoder_sees_the_visible_quarter_of_the_patches_and_nothing_of_the_hidden(string method, double ratio, int hidden)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var small = SmallRun.Recipe(method);
        var recipe = small with { Views = [small.Views[0] with { Mask = small.Views[0].Mask with { Kind = "random", Ratio = ratio } }] };
        var created = MethodCatalog.Create(recipe);
        using var networks = created.Build();
        Backbones.Initialization.Reset(networks.Student, 1);
        var step = Step(2);
        networks.Student.Backbone.BeginMicroBatch(0, 0, step.SampleIds);
        networks.Student.eval();
        var images = Draw(5, 2, 3 * 64).reshape(2, 3, 8, 8);
        var seen = Predict(images);
        Assert.Equal(hidden, seen.shape[1]);

        // Other pixels under the mask: the same predictions, bit for bit. Other pixels beside it: others.
        var mask = PatchMask.Of(new Views([images], [null]), 0, recipe, step).ToTensor(CPU).reshape(2, 1, 4, 1, 4, 1).expand(2, 3, 4, 2, 4, 2).reshape(2, 3, 8, 8);
        var noise = Draw(6, 2, 3 * 64).reshape(2, 3, 8, 8);
        Assert.True(seen.eq(Predict(where(mask, noise, images))).all().item<bool>());
        Assert.False(seen.eq(Predict(where(mask, images, noise))).all().item<bool>());

        Tensor Predict(Tensor pixels) => created.Encode(networks, new Views([pixels], [null]), step)["prediction"];
    }

    [Fact]
    [Trait("Method", "ijepa")]
    public void A_target_block_is_predicted_by_itself_and_from_nothing_of_any_target_block()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var recipe = SmallRun.Recipe("ijepa") with { Backbone = new() { Name = "vit-nano", PatchSize = 2, ImageSize = 16 } };
        recipe = recipe with { Views = [recipe.Views[0] with { Crop = new() { Size = 16 } }] };
        var created = MethodCatalog.Create(recipe);
        using var networks = created.Build();
        Backbones.Initialization.Reset(networks.Student, 1);
        networks.Student.eval();
        var step = Step(2);
        var blocks = new JepaBlocks(new JepaSettings { Grid = 8 }, step);
        var targets = Enumerable.Range(0, 4).Select(b => blocks.Target(b, CPU)).ToList();
        var size = (int)targets[0].shape[1];
        Assert.InRange(size, 64 * 0.1, 64 * 0.25);
        var images = Draw(5, 2, 3 * 256).reshape(2, 3, 16, 16);
        var (seen, target) = Encode(images);
        Assert.Equal([2L, 4L * size, networks.Student.Backbone.FeatureDimension], seen.shape);
        Assert.Equal(seen.shape, target.shape);

        // Other pixels in the target blocks: other targets, and the same predictions, bit for bit. Other pixels in the context: others.
        var noise = Draw(6, 2, 3 * 256).reshape(2, 3, 16, 16);
        var (same, moved) = Encode(where(Pixels(cat(targets, 1)), noise, images));
        Assert.True(seen.eq(same).all().item<bool>());
        Assert.False(target.eq(moved).all().item<bool>());
        Assert.False(seen.eq(Encode(where(Pixels(blocks.Context(CPU)), noise, images)).Prediction).any().item<bool>());

        // Each block alone gives what it gives beside the others.
        var vit = (Backbones.Vit)networks.Student.Backbone;
        var context = blocks.Context(CPU);
        var tokens = vit.Transform(PatchMask.Pick(vit.AddPositions(vit.Embed(images)), context));
        for (var b = 0; b < 4; b++)
        {
            var alone = ((Heads.MaskedDecoder)networks.Student.Decoder).Predict(tokens, context, targets[b]);
            Assert.True((alone - seen.narrow(1, b * size, size)).abs().max().item<float>() < 1e-5);
        }

        (Tensor Prediction, Tensor Target) Encode(Tensor pixels)
        {
            var found = created.Encode(networks, new Views([pixels], [null]), step);
            return (found["prediction"], found["target"]);
        }

        Tensor Pixels(Tensor places) => zeros(2, 64).scatter(1, places, ones(2, places.shape[1])).to(ScalarType.Bool)
            .reshape(2, 1, 8, 1, 8, 1).expand(2, 3, 8, 2, 8, 2).reshape(2, 3, 16, 16);
    }

    [Fact]
    [Trait("Method", "ijepa")]
    public void A_predictor_that_is_asked_for_all_hidden_places_gives_what_the_decoder_gives()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var decoder = new Heads.MaskedDecoder(6, 16, 2, 2, 5, 3);
        Backbones.Initialization.Reset(decoder, 3);
        var mask = new PatchMask([[true, false, false, true, true, false, false, true, false], [false, true, true, false, true, true, false, false, false]]);
        var tokens = Draw(1, 2 * 6, 6).reshape(2, 6, 6);
        var whole = PatchMask.Pick(decoder.call(tokens, mask.Restore(CPU)), mask.Hidden(CPU));
        Assert.True((whole - decoder.Predict(tokens, mask.Visible(CPU), mask.Hidden(CPU))).abs().max().item<float>() < 1e-5);
    }

    [Fact]
    [Trait("Method", "dino")]
    [Trait("Method", "ibot")]
    [Trait("Method", "dinov2")]
    public void The_centre_is_an_exponential_mean_of_the_teachers_outputs()
    {
        using var scope = NewDisposeScope();
        foreach (var name in new[] { "dino", "ibot", "dinov2" })
        {
            var method = MethodCatalog.Create(SmallRun.Recipe(name));
            var center = zeros(1, 10);
            var expected = zeros(1, 10);
            for (var i = 1; i <= 5; i++)
            {
                var carried = new Embeddings { { "center", Draw(i, 3, 10) }, { "patchCenter", Draw(i, 3, 10) } };
                var state = new MethodState(new Dictionary<string, Tensor> { ["center"] = center, ["patchCenter"] = center });
                center = tensor(method.Advance(state, carried, Step(3)).Changes.Single(c => c.Name == "center").Values).reshape(1, 10);
                expected += 0.1 * Math.Pow(0.9, 5 - i) * Draw(i, 3, 10).mean([0], keepdim: true);
            }

            Assert.True((center - expected).abs().max().item<float>() < 1e-6);
        }
    }
}
