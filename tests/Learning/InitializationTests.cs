using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

public class InitializationTests
{
    [Theory]
    [InlineData("conv4")]
    [InlineData("resnet18")]
    public void Weights_are_a_function_of_the_seed_and_not_of_torchs_generator(string name)
    {
        float[] First(ulong seed, int torchSeed)
        {
            random.manual_seed(torchSeed);
            using var net = BackboneCatalog.Create(new BackboneRecipe { Name = name });
            Initialization.Reset(net, seed);
            return [.. net.parameters().SelectMany(p => p.detach().flatten().narrow(0, 0, Math.Min(64, p.numel())).contiguous().data<float>().ToArray())];
        }

        Assert.Equal(First(1, 10), First(1, 20));
        Assert.NotEqual(First(1, 10), First(2, 10));
    }

    [Fact]
    public void Distributions_are_those_of_PyTorch_and_torchvision()
    {
        using var scope = NewDisposeScope();
        using var net = ResNet.ResNet18(cifarStem: true);
        Initialization.Reset(net, 3);
        var parameters = net.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        // Kaiming normal over fan-out: √(2 / (512·9)).
        Assert.Equal(Math.Sqrt(2.0 / (512 * 9)), parameters["layer4.1.conv2.weight"].std().item<float>(), 1e-4);
        Assert.All(parameters["layer4.1.bn2.weight"].data<float>().ToArray(), v => Assert.Equal(1f, v));
        Assert.All(parameters["layer4.1.bn2.bias"].data<float>().ToArray(), v => Assert.Equal(0f, v));

        using var head = MlpHead.Create(new HeadRecipe { Shape = "512-128" }, 256)!;
        Initialization.Reset(head, 3);
        var weight = head.named_parameters().First(p => p.name == "0.weight").parameter;
        Assert.InRange(weight.abs().max().item<float>(), 0.99f / 16, 1f / 16);
        Assert.Equal(1 / Math.Sqrt(3 * 256), weight.std().item<float>(), 1e-3);
    }

    [Fact]
    public void Heads_have_PyTorchs_keys_and_the_recipes_shape()
    {
        using var plain = MlpHead.Create(new HeadRecipe { Shape = "512-128" }, 256)!;
        Assert.Equal(["0.weight", "0.bias", "2.weight", "2.bias"], plain.named_parameters().Select(p => p.name));
        using var normed = MlpHead.Create(new HeadRecipe { Shape = "8-8-4", BatchNorm = true, LastBatchNorm = true }, 16)!;
        Assert.Equal(
            ["0.weight", "1.weight", "1.bias", "3.weight", "4.weight", "4.bias", "6.weight"],
            normed.named_parameters().Select(p => p.name));
        Assert.Equal([3L, 4L], normed.call(ones(3, 16)).shape);
        Assert.Null(MlpHead.Create(new HeadRecipe(), 16));
    }

    [Fact]
    public void Mistakes_are_named()
    {
        Assert.Contains("conv5", Assert.Throws<UserErrorException>(() => BackboneCatalog.Create(new BackboneRecipe { Name = "conv5" })).Message);
        Assert.Contains("stem", Assert.Throws<UserErrorException>(() => BackboneCatalog.Create(new BackboneRecipe { Name = "resnet18", Stem = "tiny" })).Message);
        Assert.Contains("512-x", Assert.Throws<UserErrorException>(() => MlpHead.Create(new HeadRecipe { Shape = "512-x" }, 4)).Message);
        Assert.Contains("swish", Assert.Throws<UserErrorException>(() => MlpHead.Create(new HeadRecipe { Shape = "4-4", Activation = "swish" }, 4)).Message);
    }

    [Theory]
    [InlineData("conv4", 256, 388_896)]
    [InlineData("resnet18", 512, 11_168_832)]
    [InlineData("resnet34", 512, 21_276_992)]
    [InlineData("resnet50", 2048, 23_500_352)]
    public void Backbones_have_the_published_size(string name, int dimension, long parameters)
    {
        using var net = BackboneCatalog.Create(new BackboneRecipe { Name = name });
        Assert.Equal(dimension, net.FeatureDimension);
        Assert.Equal(dimension, BackboneCatalog.FeatureDimension(new BackboneRecipe { Name = name }));
        Assert.Equal(parameters, net.parameters().Sum(p => p.numel()));
    }
}
