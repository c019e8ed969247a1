using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests;

/// <summary>More clusters or labels than images are refused before anything is trained, and not at the end of the first epoch.</summary>
public class GroupsTests
{
    [Theory]
    [InlineData("deepcluster", "loss.clusters=31", "loss.clusters is 31; the data set has 30 images; give at most as many, or bring more images.")]
    [InlineData("sela", "loss.prototypes=31", "loss.prototypes is 31; the data set has 30 images")]
    [InlineData("pcl", "loss.granularities=[4,31]", "loss.granularities[1] is 31; the data set has 30 images")]
    public void More_groups_than_images_are_refused(string method, string setting, string message)
    {
        var recipe = RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe(method)), [setting]);
        Assert.Contains(message, Assert.Throws<UserErrorException>(() => new LocalTrainer(recipe, new SmallRun.Data(recipe))).Message, StringComparison.Ordinal);

        // Where the recipe itself says how many images there are, no data is needed.
        Assert.Contains(message, Assert.Throws<UserErrorException>(() => RecipeTrial.Run(recipe with { Data = new() { Limit = 30 } })).Message, StringComparison.Ordinal);
        RecipeTrial.Run(recipe with { Data = new() { Limit = 31 } });
    }

    [Fact]
    public void As_many_as_images_are_taken()
    {
        var recipe = RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe("deepcluster")), ["loss.clusters=30"]);
        using var trainer = new LocalTrainer(recipe, new SmallRun.Data(recipe));
        for (var step = 0; step < 4; step++)
            Assert.True(float.IsFinite(trainer.RunStep().Loss));
        MethodCatalog.CheckSamples(recipe, MethodCatalog.Create(recipe), 30);
    }
}
