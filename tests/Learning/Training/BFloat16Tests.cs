using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests.Training;

/// <summary>bfloat16 compute (K58): the products are rounded, what is kept is not, and the bits are as exact as in float32.</summary>
public class BFloat16Tests
{
    /// <summary>Whose losses jump when a rounding makes another row the nearest one.</summary>
    private static readonly string[] s_choosing = ["nnclr", "deepcluster"];

    public static TheoryData<string> Methods => [.. MethodCatalog.All.Select(m => m.Name)];

    [Theory]
    [InlineData("simclr", "conv4", "micro", false)]
    [InlineData("barlowtwins", "conv4", "sync", false)]
    [InlineData("vicreg", "conv4", "micro", true)]
    [InlineData("swav", "conv4", "micro", false)]
    [InlineData("mae", "vit-nano", "micro", false)]
    public void One_lane_and_three_give_the_same_bits_near_those_of_float32(string method, string backbone, string batchNorm, bool recompute)
    {
        var recipe = SmallRun.Recipe(method);
        Near(recipe with
        {
            Backbone = recipe.Backbone with { Name = backbone, BatchNorm = batchNorm },
            Batch = recipe.Batch with { Recompute = recompute },
        });
    }

    [Theory]
    [MemberData(nameof(Methods))]
    [Trait("Category", "Slow")]
    public void Every_method_computes_in_it(string method) => Near(SmallRun.Recipe(method));

    [Fact]
    [Trait("Category", "Slow")]
    public void A_residual_network_computes_in_it()
    {
        var recipe = SmallRun.Recipe("simclr");
        Near(recipe with { Backbone = recipe.Backbone with { Name = "resnet18" } });
    }

    [Fact]
    public void A_linear_layer_multiplies_rounded_numbers_and_gives_whole_ones()
    {
        var recipe = SmallRun.Recipe("simclr") with { Projector = new HeadRecipe { Shape = "8", BatchNorm = false, LastBias = false } };
        using var networks = BuildNetworks.Student(recipe);
        Initialization.Reset(networks.Student, 3);
        using var weight = networks.Student.Projector.parameters().Single().detach().clone();
        using var features = randn(5, weight.shape[1]);
        BFloat16Compute.Apply(networks.Student, CPU);

        using var projections = networks.Student.Project(features);
        using var expected = features.to(ScalarType.BFloat16).matmul(weight.to(ScalarType.BFloat16).t()).to(ScalarType.Float32);
        Assert.Equal(ScalarType.Float32, projections.dtype);
        Assert.Equal(expected.data<float>().ToArray(), projections.detach().data<float>().ToArray());
        Assert.NotEqual(features.matmul(weight.t()).data<float>().ToArray(), projections.detach().data<float>().ToArray());
    }

    [Fact]
    public void Parameters_begin_as_in_float32_and_move_by_less_than_bfloat16_can_tell()
    {
        var recipe = SmallRun.Recipe("simclr");
        recipe = recipe with { Optimizer = recipe.Optimizer with { LearningRate = 1e-4 } };
        using var whole = new Replica(recipe, CPU);
        using var narrow = new Replica(InBFloat16(recipe), CPU);
        var initial = whole.InitialParameters();
        Assert.Equal(initial, narrow.InitialParameters());

        using var trainer = new LocalTrainer(InBFloat16(recipe), new SmallRun.Data(recipe), lanes: 1);
        Assert.True(trainer.Parameters.SequenceEqual(initial));
        trainer.RunStep();
        var moved = trainer.Parameters.ToArray().Zip(initial).Count(p => p.First != p.Second);
        var movedFar = trainer.Parameters.ToArray().Zip(initial).Count(p => Rounded(p.First) != Rounded(p.Second));
        Assert.True(moved > initial.Length / 2 && movedFar < moved / 2, $"{moved} of {initial.Length} parameters moved, {movedFar} after rounding");
    }

    private static void Near(Recipe recipe)
    {
        var data = new SmallRun.Data(recipe);
        using var one = new LocalTrainer(InBFloat16(recipe), data, lanes: 1);
        using var three = new LocalTrainer(InBFloat16(recipe), data, lanes: 3);
        using var whole = new LocalTrainer(recipe, data, lanes: 1);
        var (a, b, c) = (one.RunStep(), three.RunStep(), whole.RunStep());
        Assert.Equal(a.WeightsHash, b.WeightsHash);
        Assert.NotEqual(a.WeightsHash, c.WeightsHash);
        var near = s_choosing.Contains(recipe.Method) ? 0.2 : 0.03;
        Assert.True(Math.Abs(a.Loss - c.Loss) < near * Math.Max(1, Math.Abs(c.Loss)), $"loss {a.Loss} in bfloat16, {c.Loss} in float32");
        Assert.Equal(one.RunStep().WeightsHash, three.RunStep().WeightsHash);
    }

    private static Recipe InBFloat16(Recipe recipe) => recipe with { Workers = recipe.Workers with { Precision = WorkersRecipe.BFloat16 } };

    private static ushort Rounded(float value) => (ushort)(BitConverter.SingleToUInt32Bits(value) + 0x8000 >> 16);
}
