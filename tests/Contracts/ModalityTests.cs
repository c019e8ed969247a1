using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Contracts.Tests;

/// <summary>What a sample and a view are, and that nothing of another kind is taken.</summary>
public class ModalityTests
{
    private const string TwoTowers = """{ "method": "clip", "data": { "modality": "text-image" }, "views": [ { "crop": { "size": 32 } }, { "kind": "text", "text": { "length": 16 } } ] }""";

    [Fact]
    public void PicturesUnlessARecipeSaysOtherwise()
    {
        var recipe = RecipeReader.Parse("""{ "method": "simclr", "views": [ { "count": 2 } ] }""");

        Assert.Equal((Modality.Image, ViewKind.Image), (recipe.Data.Modality, recipe.Views[0].Kind));
    }

    [Fact]
    public void ViewsOfTwoKindsAreReadAndWrittenWithTheKeysOfTheirKindAlone()
    {
        var recipe = RecipeReader.Parse(TwoTowers);
        Assert.Equal((Modality.TextImage, ViewKind.Text, 16), (recipe.Data.Modality, recipe.Views[1].Kind, recipe.Views[1].Text.Length));

        var written = RecipeReader.Write(recipe);
        var again = RecipeReader.Parse(written);
        Assert.Equal(written, RecipeReader.Write(again));
        Assert.Empty(RecipeReader.Differences(recipe, again));
        Assert.Contains("\"modality\": \"text-image\"", written, StringComparison.Ordinal);
        Assert.Single(written.Split("\"crop\":").Skip(1));
        Assert.Equal(2, written.Split("\"text\": {").Length - 1); // the view's, and the recipe's own
    }

    [Theory]
    [InlineData("data.modality=txt-image", "data.modality is \"txt-image\"", "the nearest is \"text-image\"")]
    [InlineData("data.modality=3", "data.modality is \"3\"", "use one of image, text-image, text, table, audio, video")]
    [InlineData("views.1.kind=texts", "views.1.kind is \"texts\"", "the nearest is \"text\"")]
    [InlineData("views.1.kind=row", "views.1.text is for views of another kind than \"row\", which takes row", "")]
    [InlineData("views.1.flip=0.5", "views.1.flip is for views of another kind than \"text\", which takes text", "")]
    [InlineData("views.0.text.length=9", "views.0.text is for views of another kind than \"image\"", "")]
    [InlineData("views.1.text.length=2", "views.1.text.length is 2", "")]
    [InlineData("data.modality=table", "views.0.kind is \"image\"", "data.modality table has views of kind row")]
    public void WhatDoesNotFitIsRefusedByName(string setting, string says, string mend)
    {
        var refused = Assert.Throws<UserErrorException>(() => RecipeReader.Parse(TwoTowers, [setting])).Message;

        Assert.Contains(says, refused, StringComparison.Ordinal);
        Assert.Contains(mend, refused, StringComparison.Ordinal);
    }
}
