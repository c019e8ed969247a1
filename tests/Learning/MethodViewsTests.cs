using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>Views that a method uses, and views and masks that it refuses when the recipe is read.</summary>
public class MethodViewsTests
{
    public static TheoryData<string> Fixed => [.. MethodCatalog.All.Where(m => !m.MoreViews).Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Fixed))]
    public void A_view_too_many_or_too_few_is_refused_by_name(string method)
    {
        var small = SmallRun.Recipe(method);
        var uses = MethodCatalog.Find(method).Views;
        var surplus = Assert.Throws<UserErrorException>(() => MethodCatalog.Create(small with { Views = [.. small.Views, new() { Count = 2, Crop = new() { Size = 8 } }] }));
        Assert.Contains($"views describes {uses + 2} per image; {method} uses {uses}; lower views.*.count by 2", surplus.Message, StringComparison.Ordinal);
        if (uses < 2)
            return;
        var missing = Assert.Throws<UserErrorException>(() => MethodCatalog.Create(small with { Views = [small.Views[0] with { Count = 1 }] }));
        Assert.Contains($"{method} needs {uses}; raise views.0.count", missing.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mae", "views.0.mask.ratioMax=0.9", "hides the same number of patches in every image")]
    [InlineData("simmim", "views.0.mask.probability=0.5", "hides the same number of patches in every image")]
    [InlineData("msn", "views.1.mask.probability=0.5", "hides the same number of patches in every image")]
    [InlineData("msn", "views.0.mask.kind=random", "the teacher sees its view whole")]
    [InlineData("ibot", "views.1.mask.kind=random", "ibot uses masks of the first 2 views only; leave the mask out")]
    [InlineData("simclr", "views.0.mask.kind=random", "simclr does not use it; leave the mask out")]
    [InlineData("ijepa", "views.0.mask.kind=block", "ijepa does not use it; leave the mask out")]
    [InlineData("ijepa", "loss.targetScale=[0.2,0.6]", "loss.targetScale is [0.2, 0.6]")]
    [InlineData("ijepa", "loss.targets=0", "loss.targets is 0")]
    [InlineData("dinov2", "views.0.mask.ratioMax=0.99", "at most 15 of the 16 patches")]
    [InlineData("ibot", "views.0.mask.ratioMax=0.05", "give a share above mask.ratio (0.1)")]
    [InlineData("ibot", "views.0.mask.probability=0", "give a probability above 0")]
    public void A_mask_that_the_method_cannot_use_is_refused(string method, string setting, string message)
    {
        var text = RecipeReader.Write(SmallRun.Recipe(method));
        var refused = Assert.Throws<UserErrorException>(() => MethodCatalog.Create(RecipeReader.Parse(text, [setting])));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Method", "ibot")]
    [Trait("Method", "dinov2")]
    [InlineData("ibot")]
    [InlineData("dinov2")]
    public void Half_of_the_images_hide_10_to_50_percent_and_a_local_crop_changes_only_its_own_output(string name)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var recipe = SmallRun.Recipe(name);
        var method = MethodCatalog.Create(recipe);
        using var networks = method.Build();
        Backbones.Initialization.Reset(networks.Student, 1);
        networks.Student.eval();
        var step = Step(400);
        var views = recipe.Views.Sum(v => v.Count);
        var images = Enumerable.Range(0, views).Select(v => Draw(v + 1, 400, v < 2 ? 192 : 48).reshape(400, 3, v < 2 ? 8 : 4, v < 2 ? 8 : 4)).ToList();
        var found = Encode();

        // 10 to 50 % of 16 patches, rounded: 2 to 8 where a mask was drawn.
        var hidden = (found["w1"] > 0).sum(1).Values<long>();
        Assert.InRange(hidden.Count(h => h == 0), 160, 240);
        Assert.Equal([2L, 3L, 4L, 5L, 6L, 7L, 8L], hidden.Where(h => h > 0).Distinct().Order());
        Assert.Equal([400L, 8L, name == "ibot" ? 10L : 6L], found["u1"].shape);
        Assert.All(found["w1"].sum(1).Values<float>().Zip(hidden), p => Assert.Equal(p.Second == 0 ? 0 : 1, p.First, 1e-6));

        images[2] = images[2] + 1;
        var other = Encode();
        Assert.All(found.Where(e => e.Key != "s3"), e => Assert.True(e.Value.eq(other[e.Key]).all().item<bool>(), e.Key));
        Assert.False(found["s3"].eq(other["s3"]).any().item<bool>());

        Embeddings Encode() => method.Encode(networks, new Views(images, [.. images.Select(_ => (Tensor?)null)]), step);
    }
}
