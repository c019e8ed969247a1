using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>Descriptions of views, places of maps, and the methods that use them.</summary>
public class PlaceAndDescriptionTests
{
    private static readonly ViewSettings s_settings = ViewSettings.Evaluation(8, new NormalizeSettings([0, 0, 0], [1, 1, 1]));

    [Fact]
    [Trait("Method", "vicregl")]
    public void The_centres_of_places_are_where_the_renderer_took_them_from()
    {
        // An image whose red is its x and whose green its y: what a view shows at the centre of a place is where that place is.
        var image = new RgbImage(200, 100, [.. Enumerable.Range(0, 20000).SelectMany(i => new[] { (byte)(i % 200), (byte)(2 * (i / 200)), (byte)0 })]);

        foreach (var flip in new[] { false, true })
        {
            var settings = s_settings with { Crop = s_settings.Crop with { Kind = CropKind.RandomResized, Size = 32 }, Order = [ViewOperation.Flip] };
            var parameters = new ViewParameters { Crop = new CropBox(40, 20, 80, 60), Flip = flip };
            var pixels = new float[3 * 32 * 32];
            ViewRenderer.Render(image, settings, parameters, pixels);
            var row = new float[ViewDescription.Length];
            ViewDescription.Write(settings, parameters, 200, 100, row);
            Assert.Equal([0.2f, 0.1f, 0.4f, 0.3f, flip ? 1f : 0f], row[..5]);
            var centres = PlacePairs.Centres(row, 4);
            for (var place = 0; place < 16; place++)
            {
                // The four pixels around the centre of an 8 × 8 place.
                var (v, u) = ((place / 4 * 8) + 3, (place % 4 * 8) + 3);
                float Mean(int channel) => new[] { (v * 32) + u, (v * 32) + u + 1, ((v + 1) * 32) + u, ((v + 1) * 32) + u + 1 }.Average(i => pixels[(channel * 1024) + i]) * 255;
                Assert.Equal(centres[place].X * 200, Mean(0) + 0.5, 1.5);
                Assert.Equal(centres[place].Y * 200, (Mean(1) / 2) + 0.5, 1.5);
            }
        }
    }

    [Fact]
    public void An_operation_that_a_view_does_not_have_is_not_in_its_description()
    {
        var parameters = new ViewParameters { Crop = new CropBox(0, 0, 8, 8), Flip = true, Jitter = true, Brightness = 1.4f, Contrast = 1, Saturation = 0.8f, Hue = 0.1f, Grayscale = true, BlurSigma = 2, Solarize = true };
        var row = new float[ViewDescription.Length];
        ViewDescription.Write(s_settings with { Order = [] }, parameters, 8, 8, row);
        Assert.Equal(new float[9], row[4..]);
        ViewDescription.Write(s_settings with { Order = ViewSettings.DefaultOrder }, parameters, 8, 8, row);
        Assert.Equal([1f, 0, 0.4f, 0, -0.2f, 0.1f, 1, 2, 1], row[4..].Select(v => MathF.Round(v, 5)));
        ViewDescription.Write(s_settings with { Order = ViewSettings.DefaultOrder }, parameters with { Jitter = false }, 8, 8, row);
        Assert.Equal([0f, 0, 0, 0], row[6..10]);

        // A centre crop: the middle of the image, a third of it where the shorter side was three times the view's.
        ViewDescription.Write(s_settings with { Crop = s_settings.Crop with { Kind = CropKind.Center, Size = 8, ResizeShorter = 24 } }, parameters, 60, 30, row);
        Assert.Equal([25f / 60, 10f / 60, 10f / 60, 10f / 60], row[..4].ToArray());
    }

    [Fact]
    [Trait("Method", "vicregl")]
    public void Views_of_one_spot_pair_their_places_one_to_one_and_a_mirrored_one_pairs_them_crosswise()
    {
        using var scope = NewDisposeScope();
        var whole = tensor(ViewDescription.Whole()).reshape(1, -1);
        var mirrored = whole.clone();
        mirrored[0, ViewDescription.Flip] = 1;
        var (own, other) = PlacePairs.ByLocation(whole, whole, 3, 9);
        Assert.Equal(own.Values<long>(), other.Values<long>());
        (own, other) = PlacePairs.ByLocation(whole, mirrored, 3, 9);
        Assert.All(own.Values<long>().Zip(other.Values<long>()), p => Assert.Equal((p.First / 3 * 3) + 2 - (p.First % 3), p.Second));

        // The left quarter against the whole: its right places are nearer to the whole's left ones, and only the nearest pairs are kept.
        var left = whole.clone();
        left[0, ViewDescription.Width] = 0.25f;
        (own, other) = PlacePairs.ByLocation(left, whole, 2, 2);
        Assert.Equal([1L, 3L], own.Values<long>());
        Assert.Equal([0L, 2L], other.Values<long>());

        // By feature: a permutation of the places is found again.
        var places = Draw(1, 9, 5).reshape(1, 9, 5);
        var order = tensor(new long[] { 3, 1, 4, 0, 5, 8, 2, 6, 7 });
        (own, other) = PlacePairs.ByFeature(places.index_select(1, order), places, 9);
        Assert.All(own.Values<long>().Zip(other.Values<long>()), p => Assert.Equal(order[p.First].item<long>(), p.Second));
        Assert.Equal(order.Values<long>(), PlacePairs.MostAlike(places.index_select(1, order), 3 * places).Values<long>());
    }

    [Fact]
    [Trait("Method", "vicregl")]
    public void With_images_alone_it_is_VICReg_with_summed_covariance()
    {
        using var scope = NewDisposeScope();
        var all = Two();
        foreach (var name in new[] { "a", "b", "c", "d" })
            (all[name + "1"], all[name + "2"]) = (Draw(3, 12).reshape(6, 2, 5), Draw(4, 12).reshape(6, 2, 5));
        Same(Loss("vicregl", all, ("global", 1)), Loss("vicreg", Two()));
    }

    [Fact]
    [Trait("Method", "densecl")]
    public void Without_places_it_is_MoCo_and_orthogonal_places_cost_what_a_guess_costs()
    {
        using var scope = NewDisposeScope();
        var queue = nn.functional.normalize(cat([Draw(1, 12, 4), zeros(12, 1)], 1), dim: 1);
        var all = new Dictionary<string, Tensor> { ["q1"] = Draw(2), ["key2"] = nn.functional.normalize(Draw(3), dim: 1), ["queue2"] = queue, ["denseQueue2"] = queue };
        var moco = Loss("mocov1", all, ("queue", 12), ("temperature", 0.2));
        var apart = cat([zeros(6, 4), ones(6, 1)], 1).unsqueeze(1);
        (all["r1"], all["match2"]) = (apart, cat([ones(6, 1), zeros(6, 4)], 1).unsqueeze(1));
        Same(Loss("densecl", all, ("queue", 12), ("dense", 0)), moco);
        Same(Loss("densecl", all, ("queue", 12), ("dense", 1)), Math.Log(13));
        all["match2"] = apart;
        Assert.True(Loss("densecl", all, ("queue", 12), ("dense", 1)) < 0.1);
    }

    [Theory]
    [Trait("Method", "equimod")]
    [Trait("Method", "sie")]
    [InlineData("equimod", "p1", "e1")]
    [InlineData("sie", "p2", "e1")]
    public void A_prediction_depends_on_how_the_view_was_made_and_the_embedding_on_the_pixels_alone(string name, string predicted, string embedded)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var recipe = SmallRun.Recipe(name);
        var method = MethodCatalog.Create(recipe);
        using var networks = method.Build();
        Initialization.Reset(networks.Student, 1);
        networks.Student.eval();
        var images = Enumerable.Range(0, recipe.Views.Sum(v => v.Count)).Select(v => Draw(v, 4, 192).reshape(4, 3, 8, 8)).ToList();
        var (plain, bright) = (Encode(0), Encode(0.4f));
        Assert.False(plain[predicted].eq(bright[predicted]).all().item<bool>());
        Assert.True(plain[embedded].eq(bright[embedded]).all().item<bool>());

        Embeddings Encode(float brightness)
        {
            var row = ViewDescription.Whole();
            row[ViewDescription.Brightness] = brightness;
            var first = tensor(row).reshape(1, -1).expand(4, ViewDescription.Length);
            return method.Encode(networks, new Views(images, [.. images.Select(_ => (Tensor?)null)], null, [first, .. images.Skip(1).Select(_ => (Tensor?)null)]), Step(4));
        }
    }

    [Fact]
    [Trait("Method", "equimod")]
    public void Without_predictions_it_is_SimCLR()
    {
        using var scope = NewDisposeScope();
        var all = Two();
        (all["e1"], all["e2"], all["p1"], all["p2"]) = (Draw(3), Draw(4), Draw(5), Draw(6));
        Same(Loss("equimod", all, ("equivariance", 0), ("temperature", 0.3)), Loss("simclr", Two(), ("temperature", 0.3)));
    }

    [Fact]
    [Trait("Method", "sie")]
    public void Halves_that_are_found_and_fill_their_dimensions_cost_nothing()
    {
        using var scope = NewDisposeScope();

        // Six uncorrelated dimensions of variance 8/7: signs of a Hadamard matrix.
        var signs = tensor(Enumerable.Range(0, 48).Select(i => int.PopCount((i / 6) & ((i % 6) + 1)) % 2 == 0 ? 1f : -1f).ToArray()).reshape(8, 6);
        var (i, e) = (signs.narrow(1, 0, 3), signs.narrow(1, 3, 3));
        var all = new Dictionary<string, Tensor> { ["i1"] = i, ["i2"] = i, ["e1"] = e, ["e2"] = e, ["p2"] = e };
        Assert.Equal(0, Loss("sie", all), 1e-6);
        all["p2"] = -e;
        Assert.Equal(4.5 * 4, Loss("sie", all), 1e-5);
    }

    [Theory]
    [InlineData("vicregl", "views.0.rotation={\"probability\":0.5,\"degrees\":10}", "views.0.rotation.probability is 0.5")]
    [InlineData("vicregl", "loss.matches=0", "loss.matches is 0")]
    [InlineData("vicregl", "loss.global=2", "loss.global is 2")]
    [InlineData("densecl", "loss.queue=25", "loss.queue is 25; make it a multiple of batch.effective")]
    [InlineData("fcmae", "backbone.patchSize=4", "backbone.patchSize is 4; masks hide places of the last map: make it 8, the stride of convnextv2-zepto")]
    [InlineData("fcmae", "backbone.name=conv4", "use one of convnextv2-zepto")]
    [InlineData("fcmae", "views.0.mask.ratio=0.9", "hides at least 1 and at most 3 of the 4 patches")]
    public void What_cannot_be_asked_is_refused(string method, string setting, string message)
    {
        var text = RecipeReader.Write(SmallRun.Recipe(method));
        var refused = Assert.Throws<UserErrorException>(() => MethodCatalog.Create(RecipeReader.Parse(text, [setting])));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }
}
