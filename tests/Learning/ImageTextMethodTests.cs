using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests;

/// <summary>What the papers say of methods of images and captions, and can be checked small.</summary>
public class ImageTextMethodTests
{
    [Fact]
    [Trait("Method", "clip")]
    public void Towers_that_know_nothing_lose_ln_N_and_both_directions_count_alike()
    {
        using var scope = NewDisposeScope();
        var scale = tensor(3f);
        Assert.Equal(Math.Log(6), ClipLoss.Loss(ones(6, 5), ones(6, 5), scale).item<float>(), 1e-5);
        Same(ClipLoss.Loss(Draw(1), Draw(2), scale).item<float>(), ClipLoss.Loss(Draw(2), Draw(1), scale).item<float>());
    }

    [Fact]
    [Trait("Method", "clip")]
    public void The_learnt_scale_stops_at_its_largest_and_can_come_back()
    {
        using var scope = NewDisposeScope();
        var logarithm = tensor(new[] { 6f }).requires_grad_();
        var value = ClipLoss.Scale(logarithm, 100);
        Assert.Equal(100, value.item<float>(), 1e-3);
        value.backward();
        Assert.Equal(100, logarithm.grad!.item<float>(), 1e-3);
        Assert.Equal(Math.Exp(2), ClipLoss.Scale(tensor(new[] { 2f, 2f, 2f }), 100).item<float>(), 1e-5);
    }

    [Fact]
    [Trait("Method", "align")]
    public void Without_smoothing_it_is_the_loss_of_CLIP_below_its_bound()
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor> { ["image"] = Draw(1), ["text"] = Draw(2), ["scale"] = tensor(new[] { 1.3f }) };
        Same(Loss("align", tensors, """ { "smoothing": 0 } """), Loss("clip", tensors, "{}"));
        Assert.True(Loss("align", tensors, """ { "smoothing": 0.2 } """) != Loss("clip", tensors, "{}"));
    }

    [Fact]
    [Trait("Method", "slip")]
    public void It_is_CLIP_and_SimCLR_added()
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor> { ["image"] = Draw(1), ["text"] = Draw(2), ["z1"] = Draw(3), ["z2"] = Draw(4), ["scale"] = tensor(new[] { 1.3f }) };
        var views = LossAlone.Loss("simclr", new() { ["z1"] = Draw(3), ["z2"] = Draw(4) }, ("temperature", 0.1));
        Same(Loss("slip", tensors, """ { "viewWeight": 0.5 } """), Loss("clip", tensors, "{}") + (0.5 * views));
    }

    [Theory]
    [Trait("Method", "lit")]
    [InlineData("conv4")]
    [InlineData("vit-nano")]
    public void The_locked_tower_keeps_every_bit_and_the_text_tower_learns(string backbone)
    {
        var recipe = SmallRun.Recipe("lit") with { Backbone = new() { Name = backbone, PatchSize = 4, ImageSize = 8 } };
        using var trainer = new LocalTrainer(recipe, new SmallRun.Data(recipe), lanes: 2);
        var before = trainer.Parameters.ToArray();
        for (var step = 0; step < 3; step++)
            trainer.RunStep();
        foreach (var entry in trainer.Layout.Entries)
        {
            var same = before.AsSpan(entry.Offset, entry.Length).SequenceEqual(trainer.Parameters.Slice(entry.Offset, entry.Length));
            Assert.True(same == (entry.Group == "backbone"), entry.Name);
        }

        Assert.Contains(trainer.Layout.Entries, e => e.Group == "text");
    }

    [Fact]
    public void A_causal_text_does_not_see_what_comes_after_and_a_bidirectional_one_not_its_padding()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var first = tensor(new long[] { 1, 9, 8, 2, 0, 0, 0, 0 }).reshape(1, 8);
        var other = tensor(new long[] { 1, 9, 8, 2, 7, 0, 0, 0 }).reshape(1, 8);
        var shorter = first.narrow(1, 0, 5);
        foreach (var causal in new[] { true, false })
        {
            using var encoder = BackboneCatalog.Text("text-nano", 300, 8, causal, "text.encoder");
            Initialization.Reset(encoder, 1);
            Assert.Equal(causal, encoder.call(first).eq(encoder.call(other)).all().item<bool>());
            Assert.True(functional.mse_loss(encoder.call(first), encoder.call(shorter)).item<float>() < 1e-10f);
        }
    }

    [Theory]
    [InlineData("data.modality=image", "views.1.kind is \"text\"; data.modality image has views of kind image")]
    [InlineData("text.encoder=text-huge", "text.encoder is \"text-huge\"; use one of text-nano")]
    [InlineData("loss.temperature=0", "loss.temperature is 0")]
    [InlineData("views.0.count=2", "clip uses 2")]
    [InlineData("text.vocabulary=100", "text.vocabulary is 100")]
    public void What_cannot_work_is_refused_by_name(string setting, string says)
    {
        var error = Assert.Throws<UserErrorException>(() => MethodCatalog.Create(RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe("clip")), [setting])).Build());
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    private static double Loss(string method, Dictionary<string, Tensor> tensors, string options)
    {
        var recipe = SmallRun.Recipe(method) with { Loss = System.Text.Json.Nodes.JsonNode.Parse(options)!.AsObject() };
        var embeddings = new Embeddings();
        foreach (var (name, value) in tensors)
            embeddings.Add(name, value);
        return MethodCatalog.Create(recipe).Loss(embeddings, MethodState.Empty, Step(6)).item<float>();
    }
}
