using System.Runtime.CompilerServices;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests.NewMethod;

/// <summary>The example of docs/new-method.md is these files, compiles, is right, and trains to the same bits on one lane and three.</summary>
public class NewMethodTests
{
    private static readonly string s_folder = Path.GetDirectoryName(Here())!;

    public NewMethodTests() => MethodCatalog.AddUnlisted(typeof(AlignUniform));

    [Theory]
    [InlineData("AlignmentUniformity.cs")]
    [InlineData("AlignUniform.cs")]
    [InlineData("alignuniform-cifar10-quick.jsonc")]
    public void ThePageShowsTheFileAsItIs(string file)
        => Assert.Contains(
            File.ReadAllText(Path.Combine(s_folder, file)).TrimEnd(),
            File.ReadAllText(Path.Combine(s_folder, "..", "..", "..", "docs", "new-method.md")),
            StringComparison.Ordinal);

    [Fact]
    public void ItTrainsToTheSameBitsOnOneLaneAndThree()
    {
        var recipe = SmallRun.Recipe("alignuniform");
        using var one = new LocalTrainer(recipe, new SmallRun.Data(recipe));
        using var three = new LocalTrainer(recipe, new SmallRun.Data(recipe), lanes: 3);
        for (var step = 0; step < recipe.Steps; step++)
        {
            var report = one.RunStep();
            Assert.Equal(report.WeightsHash, three.RunStep().WeightsHash);
            Assert.Equal(report.Loss, report.Reported["alignment"] + report.Reported["uniformity"], 1e-5f);
        }
    }

    [Fact]
    public void ItsLossIsKnownAtTwoPoints()
    {
        // Opposite images whose views agree: alignment 0; squared distance 4, so uniformity −4t.
        using var scope = NewDisposeScope();
        var z = tensor(new[] { 1f, 0f, -3f, 0f }).reshape(2, 2);
        var method = MethodCatalog.Create(SmallRun.Recipe("alignuniform"));
        var step = new StepContext { Seed = 0, Step = 0, TotalSteps = 1, EffectiveBatch = 2, Device = CPU };
        Assert.Equal(-8f, method.Loss(new Embeddings { { "z1", z }, { "z2", z } }, MethodState.Empty, step).item<float>(), 1e-5f);
    }

    [Fact]
    public void ItsRecipeIsAccepted()
    {
        var copy = Path.Combine(s_folder, "..", "..", "..", "recipes");
        var text = File.ReadAllText(Path.Combine(s_folder, "alignuniform-cifar10-quick.jsonc")).Replace("base/", Path.GetFullPath(Path.Combine(copy, "base")) + "/");
        var file = Path.GetTempFileName();
        File.WriteAllText(file, text);
        Assert.Equal(2.0, (double)RecipeReader.Read(file).Loss["sharpness"]!);
        File.Delete(file);
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
