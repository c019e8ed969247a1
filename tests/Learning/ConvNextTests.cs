using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>ConvNeXt V2, its response norm, and what it sees under a mask.</summary>
public class ConvNextTests
{
    [Fact]
    [Trait("Method", "fcmae")]
    public void Nothing_of_a_hidden_place_reaches_a_visible_one_or_a_prediction()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var recipe = RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe("fcmae")), ["views.0.crop.size=32", "backbone.imageSize=32"]);
        var method = MethodCatalog.Create(recipe);
        using var networks = method.Build();
        Initialization.Reset(networks.Student, 1);

        // Response norms begin as the identity, which would hide a leak through them.
        foreach (var (name, parameter) in networks.Student.named_parameters().Where(p => p.name.Contains("grn", StringComparison.Ordinal)))
            parameter.copy_(Draw(name.Length, 1, (int)parameter.shape[0]).squeeze(0));
        var images = Draw(5, 2, 3 * 1024).reshape(2, 3, 32, 32);
        var places = PatchMask.Of(new Views([images], [null]), 0, recipe, Step(2)).ToTensor(CPU).reshape(2, 1, 4, 4);
        var pixels = places.reshape(2, 1, 4, 1, 4, 1).expand(2, 3, 4, 8, 4, 8).reshape(2, 3, 32, 32);
        var net = (ConvNextV2)networks.Student.Backbone;
        var visible = places.logical_not().to(ScalarType.Float32);
        var noise = where(pixels, 10 * Draw(6, 2, 3 * 1024).reshape(2, 3, 32, 32), images);
        var map = net.Map(images, visible);
        Assert.True(map.eq(net.Map(noise, visible)).all().item<bool>());
        Assert.Equal(0, (map * places.to(ScalarType.Float32)).abs().max().item<float>());
        Assert.True(Prediction(images).eq(Prediction(noise)).all().item<bool>());
        Assert.False(Prediction(images).eq(Prediction(where(pixels, images, noise + 1))).any().item<bool>());

        // With nothing hidden the masked network is the plain one.
        Assert.True((net.Map(images, ones_like(visible)) - net.Map(images)).abs().max().item<float>() < 1e-5);

        Tensor Prediction(Tensor x) => method.Encode(networks, new Views([x], [null]), Step(2))["prediction"];
    }

    [Fact]
    [Trait("Method", "fcmae")]
    public void Response_norm_scales_a_channel_by_its_length_over_the_mean_length_K57()
    {
        using var scope = NewDisposeScope();
        using var norm = new ResponseNorm(2);
        foreach (var parameter in norm.parameters())
            parameter.requires_grad = false;

        // It begins as the identity.
        Initialization.Reset(norm, 1);
        var map = tensor(new[] { 3f, 1, 4, 0 }).reshape(1, 1, 2, 2);
        Assert.Equal([3f, 1, 4, 0], norm.call(map).flatten().Values<float>());

        // Lengths 5 and 1, mean 3: γ·x·‖x‖/3 + β + x with γ = 2, β = 0.5.
        foreach (var (name, parameter) in norm.named_parameters())
            parameter.fill_(name == "weight" ? 2 : 0.5);
        float[] expected = [(2 * 3 * 5 / 3f) + 0.5f + 3, (2 * 1 / 3f) + 0.5f + 1, (2 * 4 * 5 / 3f) + 0.5f + 4, 0.5f];
        Assert.All(expected.Zip(norm.call(map).flatten().Values<float>()), p => Assert.Equal(p.First, p.Second, 1e-4));
    }

    [Fact]
    public void It_can_be_built_with_and_without_response_norm_and_its_places_are_its_map()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var recipe = new BackboneRecipe { Name = "convnextv2-zepto", PatchSize = 8 };
        using var with = BackboneCatalog.ConvNext(recipe);
        using var without = BackboneCatalog.ConvNext(recipe with { ResponseNorm = false });
        Assert.Equal(8, with.named_parameters().Count(p => p.name.Contains(".grn.", StringComparison.Ordinal)));
        Assert.DoesNotContain(without.named_parameters(), p => p.name.Contains(".grn.", StringComparison.Ordinal));
        string[] timm = ["stem.0.weight", "stem.1.bias", "stages.0.blocks.0.conv_dw.weight", "stages.1.downsample.0.weight", "stages.1.downsample.1.weight", "stages.2.blocks.1.mlp.fc1.weight", "stages.2.blocks.1.mlp.grn.weight", "head.norm.weight"];
        Assert.Empty(timm.Except(with.named_parameters().Select(p => p.name)));
        Initialization.Reset(with, 1);
        var images = Draw(5, 2, 3 * 1024).reshape(2, 3, 32, 32);
        Assert.Equal([2L, 16L, 128L], with.Places(images).shape);
        Assert.Equal([2L, 128L], with.call(images).shape);
        Assert.Equal(128, BackboneCatalog.FeatureDimension(recipe));
    }
}
