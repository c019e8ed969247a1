using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Backbones;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>Classification by the data set's own labels.</summary>
public class SupervisedTests
{
    [Fact]
    [Trait("Method", "supervised")]
    public void Even_answers_cost_ln_K_and_labels_that_are_missing_or_beyond_K_are_refused()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var recipe = Recipe("loss.classes=4");
        var method = MethodCatalog.Create(recipe);
        using var networks = method.Build();
        Initialization.Reset(networks.Student, 1);
        networks.Student.eval();
        var step = new StepContext
        {
            Seed = recipe.Seed, Step = 0, TotalSteps = 4, EffectiveBatch = 3, Device = CPU,
        };
        Embeddings Encode(params int[] labels) => method.Encode(networks, new Views([zeros(3, 3, 8, 8)], [null], labels), step);

        var embeddings = Encode(0, 3, 1);
        Assert.Equal([0f, 3, 1], embeddings["labels"].Values<float>());
        var even = new Embeddings { { "logits", zeros(3, 4) }, { "labels", embeddings["labels"] } };
        Assert.Equal(Math.Log(4), method.Loss(even, MethodState.Empty, step).item<float>(), 1e-6);
        Assert.Equal(Math.Log(4), method.LossOfChance, 1e-12);
        Assert.Contains("bring a data set with labels", Assert.Throws<UserErrorException>(() => Encode()).Message);
        Assert.Contains("the data set has a class 4; make it 5 or more", Assert.Throws<UserErrorException>(() => Encode(0, 4, 1)).Message);
        Assert.Contains("loss.classes is 1", Assert.Throws<UserErrorException>(() => MethodCatalog.Create(Recipe("loss.classes=1"))).Message);
    }

    private static Recipe Recipe(string setting) => RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe("supervised")), [setting]);
}
