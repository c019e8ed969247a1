using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>What is known without computing of data2vec, data2vec 2.0, UM-MAE and BEiT.</summary>
public class MaskedMethodTests
{
    /// <param name="method">Its name.</param>
    /// <param name="output">What it predicts with.</param>
    /// <param name="matter">Patches of an image whose pixels the predictions depend on: the visible ones, of UM-MAE half of them.</param>
    [Theory]
    [Trait("Method", "data2vec")]
    [Trait("Method", "data2vec2")]
    [Trait("Method", "ummae")]
    [Trait("Method", "beit")]
    [InlineData("data2vec", "prediction", 8)]
    [InlineData("data2vec2", "prediction", 8)]
    [InlineData("ummae", "prediction", 2)]
    [InlineData("beit", "logits", 10)]
    public void Predictions_depend_on_the_visible_patches_and_on_no_hidden_one(string method, string output, int matter)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var recipe = SmallRun.Recipe(method);
        if (method == "data2vec2")
            recipe.Loss["masks"] = 1;
        var created = MethodCatalog.Create(recipe);
        using var networks = created.Build();
        Initialization.Reset(networks.Student, 1);
        networks.Student.Backbone.BeginMicroBatch(0, 0, Step(2).SampleIds);
        networks.Student.eval();
        var images = Draw(5, 2, 3 * 64).reshape(2, 3, 8, 8);
        var seen = Predict(images);
        var hidden = PatchMask.Of(new Views([images], [null]), 0, recipe, Step(2)).ToTensor(CPU).Values<bool>();
        int[] changed = [0, 0];
        for (var patch = 0; patch < 16; patch++)
        {
            var other = images.clone();
            other.narrow(2, patch / 4 * 2, 2).narrow(3, patch % 4 * 2, 2).add_(1);
            var now = Predict(other);
            for (var row = 0; row < 2; row++)
            {
                var same = now[row].eq(seen[row]).all().item<bool>();
                Assert.True(same || !hidden[(row * 16) + patch], $"hidden patch {patch} of image {row} is seen");
                changed[row] += same ? 0 : 1;
            }
        }

        Assert.Equal([matter, matter], changed);

        Tensor Predict(Tensor pixels) => created.Encode(networks, new Views([pixels], [null]), Step(2))[output];
    }

    [Fact]
    [Trait("Method", "data2vec")]
    [Trait("Method", "data2vec2")]
    public void A_layer_counts_by_its_direction_alone_and_the_loss_is_half_the_square_near_0()
    {
        using var scope = NewDisposeScope();
        var layers = Draw(1, 6, 20).reshape(6, 4, 5);
        var scaled = layers * tensor(new[] { 1f, 10, 100, 1000 }).reshape(1, 4, 1);
        Assert.True((LayerTargets.Of(100 * layers) - LayerTargets.Of(100 * scaled)).abs().max().item<float>() < 1e-4);
        var target = LayerTargets.Of(layers.narrow(1, 0, 1));
        Assert.True(target.mean([-1]).abs().max().item<float>() < 1e-6);
        Assert.Equal(1, target.square().mean().item<float>(), 1e-3);
        Assert.Equal(0.5 * 0.01 / 2, LayerTargets.SmoothL1(zeros(3), full(3, 0.1f), 2).item<float>(), 1e-7);
        Assert.Equal(5 - 1, LayerTargets.SmoothL1(zeros(3), full(3, 5f), 2).item<float>(), 1e-6);
    }

    [Fact]
    [Trait("Method", "data2vec2")]
    public void Every_mask_of_an_image_is_another_and_is_predicted_as_if_it_were_alone()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var images = Draw(5, 2, 3 * 64).reshape(2, 3, 8, 8);
        Embeddings Encode(int masks)
        {
            var recipe = SmallRun.Recipe("data2vec2");
            recipe.Loss["masks"] = masks;
            var created = MethodCatalog.Create(recipe);
            using var networks = created.Build();
            Initialization.Reset(networks.Student, 1);
            Initialization.Reset(networks.Teacher!, 1);
            networks.Student.eval();
            networks.Student.Backbone.BeginMicroBatch(0, 0, Step(2).SampleIds);
            return created.Encode(networks, new Views([images], [null]), Step(2));
        }

        var (one, three) = (Encode(1), Encode(3));
        Assert.Equal([2L, 24L, 3L, 128L], three["layers"].shape);
        Assert.Equal([2L, 3L, 128L], three["class"].shape);
        Assert.True((one["prediction"] - three["prediction"].narrow(1, 0, 8)).abs().max().item<float>() < 1e-5);
        Assert.True(one["layers"].eq(three["layers"].narrow(1, 0, 8)).all().item<bool>());
        Assert.False(three["layers"].narrow(1, 0, 8).eq(three["layers"].narrow(1, 8, 8)).all().item<bool>());
    }

    [Fact]
    [Trait("Method", "ummae")]
    public void Every_window_keeps_the_same_number_of_patches()
    {
        var recipe = SmallRun.Recipe("ummae");
        using var scope = NewDisposeScope();
        var hidden = PatchMask.Of(new Views([zeros(40, 3, 8, 8)], [null]), 0, recipe, Step(40)).ToTensor(CPU);
        var windows = hidden.reshape(40, 2, 2, 2, 2).to(ScalarType.Int32).sum([2, 4]);
        Assert.True(windows.eq(3).all().item<bool>());
    }

    [Fact]
    [Trait("Method", "beit")]
    public void The_codebook_is_fitted_once_and_a_word_is_the_same_at_any_brightness_and_contrast()
    {
        using var scope = NewDisposeScope();
        var recipe = SmallRun.Recipe("beit");
        var method = MethodCatalog.Create(recipe);
        var store = new StateStore(method.State, 7, 30);
        var patches = Draw(1, 12 * 6, 12).reshape(12, 6, 12);
        store.Advance(0, method.Advance(State(), new Embeddings { { "patches", patches } }, Step(12)));
        var codebook = store.Values("codebook").ToArray();
        store.Advance(1, method.Advance(State(), new Embeddings { { "patches", Draw(2, 12 * 6, 12).reshape(12, 6, 12) } }, Step(12)));
        Assert.Equal(codebook, store.Values("codebook").ToArray());

        // Indifferent logits cost ln K; certain ones of the right word, read off once, cost nothing at any brightness and contrast.
        var logits = zeros(12, 6, 6);
        Assert.Equal(Math.Log(6), At(logits, patches), 1e-5);
        var words = nn.functional.normalize(PatchPixels.Normalize(patches), dim: -1).matmul(tensor(codebook).reshape(6, 12).t()).argmax(-1);
        var certain = 50 * nn.functional.one_hot(words, 6).to(ScalarType.Float32);
        Assert.Equal(6, words.flatten().Values<long>().Distinct().Count());
        Assert.Equal(0, At(certain, patches), 1e-5);
        Assert.Equal(0, At(certain, (3 * patches) - 7), 1e-5);

        double At(Tensor z, Tensor p) => method.Loss(new Embeddings { { "logits", z }, { "patches", p } }, State(), Step(12)).item<float>();

        MethodState State() => new(method.State.ToDictionary(s => s.Name, s => tensor(store.Values(s.Name).ToArray()).reshape(s.ShapeFor(30))));
    }

    [Theory]
    [InlineData("data2vec", "loss.layers=5", "loss.layers is 5; give 1 to 4, the blocks of vit-nano")]
    [InlineData("data2vec2", "loss.masks=0", "loss.masks is 0")]
    [InlineData("data2vec2", "loss.decoderWidth=9", "loss.decoderWidth is 9; make it a multiple of loss.decoderGroups (2)")]
    [InlineData("ummae", "views.0.mask.kind=random", "views.0.mask.kind is \"random\"; use uniform")]
    [InlineData("ummae", "loss.second=1", "loss.second is 1")]
    [InlineData("beit", "loss.words=1000", "loss.words is 1000; give 2 to 72")]
    public void What_cannot_be_asked_is_refused(string method, string setting, string message)
    {
        var text = RecipeReader.Write(SmallRun.Recipe(method));
        var refused = Assert.Throws<UserErrorException>(() => MethodCatalog.Create(RecipeReader.Parse(text, [setting])));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }
}
