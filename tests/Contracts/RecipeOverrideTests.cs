using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Contracts.Tests;

public class RecipeOverrideTests
{
    [Fact]
    public void A_number_where_a_text_is_wanted_is_that_text()
    {
        var recipe = RecipeReader.Parse("""{ "method": "simclr", "views": [ { "count": 2 } ] }""", ["projector.shape=128"]);
        Assert.Equal("128", recipe.Projector.Shape);
        Assert.Equal("128", RecipeReader.Parse(RecipeReader.Write(recipe)).Projector.Shape);
    }

    [Fact]
    public void Values_are_read_as_JSON_and_else_as_text()
    {
        var recipe = RecipeReader.Parse(
            RecipeFolder.Least,
            ["optimizer.learningRate=0.05", "optimizer.name=adamw", "optimizer.clipTrust=true", "views.0.crop.scale=[0.1, 0.9]", "name=a=b"]);

        Assert.Equal(0.05, recipe.Optimizer.LearningRate);
        Assert.Equal("adamw", recipe.Optimizer.Name);
        Assert.True(recipe.Optimizer.ClipTrust);
        Assert.Equal([0.1, 0.9], recipe.Views[0].Crop.Scale);
        Assert.Equal("a=b", recipe.Name);
    }

    [Fact]
    public void Later_overrides_win_and_the_rest_of_the_section_stays()
    {
        var recipe = RecipeReader.Parse("""{ "method": "simclr", "views": [{}], "batch": { "micro": 32 } }""", ["batch.effective=64", "batch.effective=96"]);

        Assert.Equal(96, recipe.Batch.Effective);
        Assert.Equal(32, recipe.Batch.Micro);
    }

    [Theory]
    [InlineData("batch.effective", "write it as key.path=value")]
    [InlineData("=3", "write it as key.path=value")]
    [InlineData("views.2.count=3", "2 must be a position from 0 to 0")]
    [InlineData("views.x.count=3", "x must be a position from 0 to 0")]
    [InlineData("method.name=x", "name lies under a value that has no parts")]
    [InlineData("batch.efective=3", "unknown key \"batch.efective\"; the nearest known one is \"effective\"")]
    [InlineData("batch.effective=many", "batch.effective has a value of the wrong kind")]
    public void A_wrong_override_is_refused(string text, string expected)
        => Assert.Contains(expected, Assert.Throws<UserErrorException>(() => RecipeReader.Parse(RecipeFolder.Least, [text])).Message);

    [Theory]
    [InlineData("batch.effective=0", "batch.effective is 0; give a number of images above 0")]
    [InlineData("batch.micro=-1", "batch.micro is -1")]
    [InlineData("batch.effective=100", "batch.effective is 100; make it a multiple of batch.micro (64)")]
    [InlineData("steps=-5", "steps is -5")]
    [InlineData("epochs=0", "epochs is 0")]
    [InlineData("workers.precision=float16", "workers.precision is \"float16\"; use one of float32, bfloat16")]
    [InlineData("optimizer.name=adam", "optimizer.name is \"adam\"; use one of sgd, lars, adamw")]
    [InlineData("optimizer.momentum=1", "optimizer.momentum is 1")]
    [InlineData("teacher.momentum=1.5", "teacher.momentum is 1.5")]
    [InlineData("views=[]", "describe at least one group of views")]
    [InlineData("views.0.flip=2", "views.0.flip is 2; give a probability from 0 to 1")]
    [InlineData("views.0.crop.scale=[0.9, 0.1]", "views.0.crop.scale is [0.9, 0.1]")]
    [InlineData("views.0.crop.scale=[0.9]", "views.0.crop.scale is [0.9]")]
    [InlineData("workers.slices=0", "workers.slices is 0")]
    [InlineData("workers.precision=float16", "workers.precision is \"float16\"")]
    [InlineData("method=", "method is \"\"")]
    public void A_value_out_of_range_names_the_field_the_value_and_the_mend(string text, string expected)
        => Assert.Contains(expected, Assert.Throws<UserErrorException>(() => RecipeReader.Parse(RecipeFolder.Least, [text])).Message);
}
