using SslOrleans.Learning.Methods;
using TorchSharp;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>What the encoder of a masked method may see, and what a centre remembers.</summary>
public class MethodSightTests
{
    [Theory]
    [Trait("Method", "mae")]
    [Trait("Method", "simmim")]
    [Trait("Method", "ijepa")]
    [InlineData("mae", 0.75, 12)]
    [InlineData("simmim", 0.75, 12)]
    [InlineData("ijepa", 0.75, 12)]
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
