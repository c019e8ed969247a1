using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Tests.Golden;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests;

/// <summary>Features and gradients of our ResNets against torchvision's, and of our ViT against timm's formulas, with the same weights (Golden/make_backbones.py).</summary>
public class GoldenBackboneTests
{
    public sealed record Case(
        string Name, string Stem, int Side, double[] Features, double[] Gradient, int PatchSize = 4, int ImageSize = 32, string Pooling = "cls", double LayerScale = 0);

    private static readonly Case[] s_cases = GoldenCase.Read<Case[]>("backbones.json");

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, s_cases.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Features_and_gradients_equal_PyTorch(int index)
    {
        using var scope = NewDisposeScope();
        var golden = s_cases[index];
        using var net = BackboneCatalog.Create(new BackboneRecipe
        {
            Name = golden.Name,
            Stem = golden.Stem,
            PatchSize = golden.PatchSize,
            ImageSize = golden.ImageSize,
            Pooling = golden.Pooling,
            LayerScale = golden.LayerScale,
        });
        FillByFormula(net);
        var images = (Formula(999, 2 * 3 * golden.Side * golden.Side) * 2f).reshape(2, 3, golden.Side, golden.Side);
        net.eval();
        var features = net.call(images);
        GoldenLossTests.Close(golden.Features, First48(features), $"{golden.Name} {golden.Stem}");
        features.pow(3).sum().backward();
        var gradient = net.named_parameters().Single(p => p.name is "layer1.0.conv1.weight" or "blocks.0.mlp.fc1.weight").parameter.grad!;
        GoldenLossTests.Close(golden.Gradient, gradient.flatten().narrow(0, 0, 64).contiguous().data<float>().ToArray(), "gradient");
    }

    /// <summary>The formula of make_backbones.py, by the ordinal order of the names.</summary>
    internal static void FillByFormula(Module net)
    {
        using var off = no_grad();
        var state = net.state_dict();
        foreach (var (number, name) in state.Keys.Order(StringComparer.Ordinal).Index())
        {
            var target = state[name];
            var values = Formula(number, (int)target.numel()).reshape(target.shape);
            values = name.EndsWith("running_mean", StringComparison.Ordinal) ? values * 0.2f
                : name.EndsWith("running_var", StringComparison.Ordinal) || (target.ndim == 1 && name.EndsWith("weight", StringComparison.Ordinal)) ? 1 + (values * 0.4f)
                : target.ndim > 1 ? values * (float)Math.Sqrt(12.0 / (target.numel() / target.shape[0]))
                : values;
            target.copy_(values);
        }
    }

    internal static Tensor Formula(int number, int count)
        => tensor(Enumerable.Range(0, count).Select(i => (float)((((i * 7919L) + (number * 104729L)) % 2003 / 2003.0) - 0.5)).ToArray());

    private static float[] First48(Tensor features) => features.detach().narrow(1, 0, 48).contiguous().data<float>().ToArray();
}
