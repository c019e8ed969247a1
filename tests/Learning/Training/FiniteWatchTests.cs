using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests.Training;

/// <summary>A fault is planted in a step, and the first thing that is not finite is found at its place.</summary>
public class FiniteWatchTests
{
    [Fact]
    public void A_step_that_is_finite_is_not_spoken_of_and_has_the_same_bits()
    {
        var (watch, hash) = Step("byol");
        Assert.Null(watch.First);
        using var alone = new LocalTrainer(SmallRun.Recipe("byol"), new SmallRun.Data(SmallRun.Recipe("byol")));
        Assert.Equal(alone.RunStep().WeightsHash, hash);
    }

    [Theory]
    [InlineData("simclr", "backbone.conv2.weight", 3e38f, StepPart.Layer, "backbone.conv2")]
    [InlineData("simclr", "backbone.bn4.weight", 3e38f, StepPart.Layer, "backbone.bn4")]
    [InlineData("mae", "backbone.blocks.0.attn.proj.weight", 3e38f, StepPart.Layer, "backbone.blocks.0.attn.proj")]
    [InlineData("simclr", "backbone.conv1.weight", float.NaN, StepPart.Version, "backbone.conv1.weight")]
    public void A_weight_that_overflows_is_found_at_the_layer_that_it_breaks(string method, string weight, float value, StepPart part, string name)
    {
        var (watch, _) = Step(method, trainer =>
        {
            var flat = trainer.Parameters.ToArray();
            var entry = trainer.Layout.Entries.Single(e => e.Name == weight);
            flat.AsSpan(entry.Offset, entry.Length).Fill(value);
            trainer.Restore(0, flat, trainer.OptimizerStates.ToDictionary(s => s, _ => new float[flat.Length]), flat, []);
        });
        Assert.Equal((part, name), (watch.First!.Part, watch.First.Name));
    }

    [Fact]
    public void A_pixel_is_found_with_its_view_and_its_sample()
    {
        var (watch, _) = Step("simclr", pixel: (MicroBatch: 1, Sample: 2));
        Assert.Equal((StepPart.Input, "view 1", 1), (watch.First!.Part, watch.First.Name, watch.First.MicroBatch));
        Assert.Contains($"(sample {(4 + 2) * 7 % SmallRun.Samples}) in micro-batch 1", watch.First.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_is_found_with_the_tensor_that_overflows_first()
    {
        // Similarities of up to 1, times 1e40: the [24, 24] matrix of two views of 12 images.
        var (watch, _) = Step("simclr", overrides: "loss.temperature=1e-40");
        Assert.Equal((StepPart.Loss, -1), (watch.First!.Part, watch.First.MicroBatch));
        Assert.Contains("[24, 24]", watch.First.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_capture_gives_back_the_views_bit_for_bit()
    {
        var recipe = SmallRun.Recipe("ibot");
        var views = new SmallRun.Data(recipe).Render(8, 4);
        var masked = views with { Views = [.. views.Views.Select(v => new ViewBuffer(v.Values, v.Shape, [true, false, false, true]) { Descriptions = v.Descriptions })] };
        var capture = StepCapture.Parse(StepCapture.Write(3, "loss is NaN", StepCapture.Tensors(StepCapture.Write(3, "", StepCapture.Inputs(2, masked)))), "here");
        Assert.Equal((3L, "loss is NaN", 2), (capture.Step, capture.Problem, Assert.Single(capture.MicroBatches)));
        var read = capture.Views(2)!;
        Assert.Equal(masked.SampleIds, read.SampleIds);
        Assert.Equal(masked.Labels, read.Labels);
        foreach (var (was, now) in masked.Views.Zip(read.Views))
        {
            Assert.Equal(was.Values, now.Values);
            Assert.Equal(was.Shape, now.Shape);
            Assert.Equal(was.Mask, now.Mask);
            Assert.Equal(was.Descriptions, now.Descriptions);
        }
    }

    private static (FiniteWatch Watch, string Hash) Step(string method, Action<LocalTrainer>? prepare = null, (int MicroBatch, int Sample)? pixel = null, string? overrides = null)
    {
        var recipe = SmallRun.Recipe(method);
        if (overrides is not null)
            recipe = RecipeReader.Parse(RecipeReader.Write(recipe), [overrides]);
        IViewProvider data = new SmallRun.Data(recipe);
        using var trainer = new LocalTrainer(recipe, pixel is { } at ? new OnePixel(data, at.MicroBatch, at.Sample) : data);
        prepare?.Invoke(trainer);
        var watch = new FiniteWatch();
        trainer.Observe(watch);
        return (watch, trainer.RunStep().WeightsHash);
    }

    /// <summary>One value of the second view is NaN.</summary>
    private sealed class OnePixel(IViewProvider data, int microBatch, int sample) : IViewProvider
    {
        public long Samples => data.Samples;

        public long[] SampleIds(long firstPosition, int count) => data.SampleIds(firstPosition, count);

        public MicroBatchViews Render(long firstPosition, int count)
        {
            var views = data.Render(firstPosition, count);
            if (firstPosition / count == microBatch)
                views.Views[1].Values[(sample * 3 * 8 * 8) + 5] = float.NaN;
            return views;
        }
    }
}
