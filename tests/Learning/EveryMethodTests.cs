using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests;

/// <summary>What must hold for every method of the catalogue, the newest included.</summary>
public class EveryMethodTests
{
    public static TheoryData<string> Methods => [.. MethodCatalog.All.Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Methods))]
    public void One_lane_and_three_give_the_same_bits(string method)
    {
        var recipe = SmallRun.Recipe(method);
        using var one = new LocalTrainer(recipe, new SmallRun.Data(recipe), lanes: 1);
        using var three = new LocalTrainer(recipe, new SmallRun.Data(recipe), lanes: 3);
        var start = one.WeightsHash;
        for (var step = 0; step < recipe.Steps; step++)
        {
            var (a, b) = (one.RunStep(), three.RunStep());
            Assert.True(float.IsFinite(a.Loss), $"{method}: loss {a.Loss} at step {step}");
            Assert.True(a.GradientNorm > 0 && double.IsFinite(a.GradientNorm), $"{method}: gradient norm {a.GradientNorm} at step {step}");
            Assert.Equal(a.WeightsHash, b.WeightsHash);
            Assert.Equal(a.Loss, b.Loss);
        }

        Assert.NotEqual(start, one.WeightsHash);
        Assert.True(one.Teacher.SequenceEqual(three.Teacher));
    }

    [Theory]
    [InlineData("simclr")]
    [InlineData("swav")]
    [InlineData("msn")]
    [InlineData("mocov3")]
    public void Computing_the_forward_pass_again_gives_the_same_bits(string method)
    {
        var recipe = SmallRun.Recipe(method);
        var again = recipe with { Batch = recipe.Batch with { Recompute = true } };
        using var kept = new LocalTrainer(recipe, new SmallRun.Data(recipe));
        using var computed = new LocalTrainer(again, new SmallRun.Data(again), lanes: 2);
        for (var step = 0; step < recipe.Steps; step++)
            Assert.Equal(kept.RunStep().WeightsHash, computed.RunStep().WeightsHash);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Carried_embeddings_exist_and_the_attribute_is_filled_in(string method)
    {
        var attribute = MethodCatalog.All.Single(m => m.Name == method);
        Assert.NotEmpty(attribute.Family);
        Assert.NotEmpty(attribute.Inventory);
        Assert.NotEmpty(attribute.Paper);
        var created = MethodCatalog.Create(SmallRun.Recipe(method));
        Assert.True(created.State.Count == 0 || created.Carried.Count > 0, "State without anything carried to advance it.");
    }
}
