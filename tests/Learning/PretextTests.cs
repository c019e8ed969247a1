using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>What is known without computing of the tasks whose labels a view carries itself.</summary>
public class PretextTests
{
    [Fact]
    [Trait("Method", "rotnet")]
    [Trait("Method", "essl")]
    public void An_image_that_looks_alike_in_every_rotation_cannot_be_told_and_others_are_turned_as_the_label_says()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var image = arange(0, 4, ScalarType.Float32).reshape(1, 1, 2, 2).expand(1, 3, 2, 2);
        var turned = QuarterTurns.Of(image).narrow(1, 0, 1).flatten(1);

        // 0 1 / 2 3, counter-clockwise: 1 3 / 0 2, then 3 2 / 1 0, then 2 0 / 3 1.
        Assert.Equal([0f, 1, 2, 3, 1, 3, 0, 2, 3, 2, 1, 0, 2, 0, 3, 1], turned.Values<float>());

        foreach (var name in new[] { "rotnet", "essl" })
        {
            var recipe = SmallRun.Recipe(name);
            var method = MethodCatalog.Create(recipe);
            using var networks = method.Build();
            Initialization.Reset(networks.Student, 1);
            networks.Student.eval();
            var flat = Enumerable.Range(0, recipe.Views.Sum(v => v.Count)).Select(_ => ones(3, 3, 8, 8)).ToList();
            var logits = method.Encode(networks, new Views(flat, [.. flat.Select(_ => (Tensor?)null)]), Step(3))["logits"];
            Assert.Equal([3L, 4L, 4L], logits.shape);
            Assert.True(QuarterTurns.Loss(logits).item<float>() >= Math.Log(4) - 1e-6);
        }
    }

    [Fact]
    [Trait("Method", "relativepatch")]
    [Trait("Method", "jigsaw")]
    [Trait("Method", "pirl")]
    public void A_tile_is_of_its_cell_and_moves_within_it_from_image_to_image()
    {
        using var scope = NewDisposeScope();

        // Every pixel has the number of its cell.
        var cells = arange(0, 9, ScalarType.Float32).reshape(1, 1, 3, 1, 3, 1).expand(50, 3, 3, 4, 3, 4).reshape(50, 3, 12, 12);
        for (var cell = 0; cell < Tiles.Count; cell++)
        {
            var own = cell;
            Assert.True(Tiles.Cut(cells, 2, _ => own, Step(50), 10).eq(cell).all().item<bool>());
        }

        // Every pixel has the number of its place: nine places of the first pixel, all of them used, and the next draw uses others.
        var places = arange(0, 144, ScalarType.Float32).reshape(1, 1, 12, 12).expand(50, 3, 12, 12);
        float[] First(int draw) => Tiles.Cut(places, 2, _ => 0, Step(50), draw).select(3, 0).select(2, 0).select(1, 0).Values<float>();
        Assert.Equal([0f, 1, 2, 12, 13, 14, 24, 25, 26], First(10).Distinct().Order());
        Assert.NotEqual(First(10), First(11));
    }

    [Fact]
    [Trait("Method", "relativepatch")]
    public void Each_of_the_eight_neighbours_is_asked_for_equally_often()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var method = MethodCatalog.Create(SmallRun.Recipe("relativepatch"));
        using var networks = method.Build();
        var asked = method.Encode(networks, new Views([zeros(800, 3, 8, 8)], [null]), Step(800))["neighbour"].Values<float>();
        Assert.All(Enumerable.Range(0, 8), n => Assert.InRange(asked.Count(a => a == n), 65, 135));
    }

    [Fact]
    [Trait("Method", "jigsaw")]
    public void Orders_are_permutations_that_differ_in_nearly_every_tile()
    {
        var orders = Jigsaw.FarApart(30, 3);
        Assert.All(orders, o => Assert.Equal(Enumerable.Range(0, 9), o.Order()));
        Assert.Equal(30, orders.Select(o => string.Join(' ', o)).Distinct().Count());
        int Distance(int[] a, int[] b) => a.Zip(b).Count(p => p.First != p.Second);
        var distances = orders.SelectMany((a, i) => orders.Skip(i + 1).Select(b => Distance(a, b))).ToList();

        // Two random orders agree in one tile on the mean.
        Assert.True(distances.Average() > 8.1, $"mean distance {distances.Average()}");
        Assert.True(distances.Min() >= 6, $"least distance {distances.Min()}");
        Assert.Equal(orders, Jigsaw.FarApart(30, 3));
    }

    [Fact]
    [Trait("Method", "counting")]
    public void Counts_that_add_up_and_differ_cost_nothing_and_counting_nothing_costs_the_margin()
    {
        using var scope = NewDisposeScope();
        var counts = 4 * eye(5);
        Assert.Equal(0, Loss("counting", new() { ["whole"] = counts, ["tiles"] = counts }), 1e-6);
        Assert.Equal(10, Loss("counting", new() { ["whole"] = zeros(5, 5), ["tiles"] = zeros(5, 5) }), 1e-6);
        Assert.Equal(7, Loss("counting", new() { ["whole"] = zeros(5, 5), ["tiles"] = zeros(5, 5) }, ("margin", 7)), 1e-6);
    }

    [Fact]
    [Trait("Method", "colorization")]
    public void Gray_is_the_middle_class_a_rare_colour_counts_more_and_the_network_sees_no_colour()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();

        // 4 × 4 classes: gray is at step 2 of both differences, pure blue at the end of the first, pure red at the end of the second.
        Tensor Image(float r, float g, float b) => tensor(new[] { r, g, b }).reshape(1, 3, 1, 1).expand(1, 3, 4, 4);
        float Class(Tensor image) => Chroma.Classes(image, 1, 4).item<float>();
        Assert.Equal((2 * 4) + 2, Class(Image(0.3f, 0.3f, 0.3f)));
        Assert.Equal((3 * 4) + 1, Class(Image(0, 0, 1)));
        Assert.Equal((1 * 4) + 3, Class(Image(1, 0, 0)));

        var weights = Chroma.Weights(tensor(new[] { 3f, 1, 0, 0 }).reshape(1, 4), 0.5);
        Assert.Equal(1, ((0.75f * weights[0]) + (0.25f * weights[1])).item<float>(), 1e-6);
        Assert.Equal((0.5 * 0.75) + 0.125, (weights[1] / weights[0]).item<float>() * ((0.5 * 0.25) + 0.125), 1e-6);

        var method = MethodCatalog.Create(SmallRun.Recipe("colorization"));
        using var networks = method.Build();
        Initialization.Reset(networks.Student, 1);
        networks.Student.eval();
        var recipe = SmallRun.Recipe("colorization").Normalize;
        var (mean, deviation) = (tensor(recipe.Mean.Select(m => (float)m).ToArray()).reshape(1, 3, 1, 1), tensor(recipe.StandardDeviation.Select(d => (float)d).ToArray()).reshape(1, 3, 1, 1));
        var image = Draw(1, 2, 3 * 64).reshape(2, 3, 8, 8).sigmoid();
        var gray = Chroma.Luminance(image).expand(2, 3, 8, 8);
        Tensor Logits(Tensor pixels) => method.Encode(networks, new Views([(pixels - mean) / deviation], [null]), Step(2))["logits"];
        Assert.True((Logits(image) - Logits(gray)).abs().max().item<float>() < 1e-4);
    }

    [Theory]
    [Trait("Method", "contextencoder")]
    [InlineData("center")]
    [InlineData("random")]
    public void The_square_is_what_is_painted_and_what_the_encoder_does_not_see(string place)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var recipe = SmallRun.Recipe("contextencoder") with { Loss = new() { ["decoderWidth"] = 32, ["place"] = place } };
        var method = MethodCatalog.Create(recipe);
        using var networks = method.Build();
        Initialization.Reset(networks.Student, 1);
        networks.Student.eval();
        var places = arange(0, 64, ScalarType.Float32).reshape(1, 1, 8, 8).expand(20, 3, 8, 8);
        var target = Encode(places)["target"];
        Assert.Equal([20L, 3L, 4L, 4L], target.shape);
        var corners = target.select(3, 0).select(2, 0).select(1, 0).Values<float>().Distinct().ToList();
        if (place == "center")
            Assert.Equal([(2 * 8) + 2f], corners);
        else
            Assert.InRange(corners.Count, 8, 20);

        // Other pixels in the square: the same predictions, bit for bit. Other pixels beside it: others.
        var hidden = (places.unsqueeze(-1) == target.flatten(2).unsqueeze(2).unsqueeze(2)).any(-1);
        var (images, noise) = (Draw(5, 20, 192).reshape(20, 3, 8, 8), Draw(6, 20, 192).reshape(20, 3, 8, 8));
        var seen = Encode(images)["prediction"];
        Assert.True(seen.eq(Encode(where(hidden, noise, images))["prediction"]).all().item<bool>());
        Assert.False(seen.eq(Encode(where(hidden, images, noise))["prediction"]).all().item<bool>());

        Embeddings Encode(Tensor pixels) => method.Encode(networks, new Views([pixels], [null]), Step(20));
    }

    [Theory]
    [InlineData("jigsaw", "loss.tile=3", "loss.tile is 3; give 1 to 2 pixels, a third of the view")]
    [InlineData("jigsaw", "loss.orders=1", "loss.orders is 1; give 2 to 10000")]
    [InlineData("relativepatch", "loss.tile=-1", "loss.tile is -1")]
    [InlineData("pirl", "loss.tileWeight=1.5", "loss.tileWeight is 1.5; give a share from 0 to 1")]
    [InlineData("rotnet", "views.0.rotation={\"probability\":0.5,\"quarterTurns\":true}", "views.0.rotation.probability is 0.5; rotnet tells rotations; set it to 0")]
    [InlineData("counting", "views.0.crop.size=9", "views.0.crop.size is 9; make it")]
    [InlineData("colorization", "loss.bins=1", "loss.bins is 1")]
    [InlineData("contextencoder", "loss.place=left", "use one of center, random")]
    [InlineData("contextencoder", "loss.decoderWidth=24", "loss.decoderWidth is 24; make it a multiple of 16")]
    [InlineData("contextencoder", "loss.side=1", "loss.side is 1")]
    [InlineData("hcl", "loss.classPrior=1", "loss.classPrior is 1")]
    public void What_cannot_be_asked_is_refused(string method, string setting, string message)
    {
        var text = RecipeReader.Write(SmallRun.Recipe(method));
        var refused = Assert.Throws<UserErrorException>(() => MethodCatalog.Create(RecipeReader.Parse(text, [setting])));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }
}
