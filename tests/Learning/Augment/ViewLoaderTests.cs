using SslOrleans.Contracts;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Tests.Data;

namespace SslOrleans.Learning.Tests.Augment;

public class ViewLoaderTests
{
    private static readonly ViewPlan s_plan = ViewPlan.MultiCrop(ViewSettings.SimClrSmall(32, NormalizeSettings.Cifar10), 2, 16, 3);

    [Fact]
    public void Prefetched_batches_equal_those_made_on_the_spot()
    {
        using var folder = new TemporaryFolder();
        GeneratedImages.Write(folder.Path, 64, 0, 1);
        using var source = ImageSources.Open(folder.Path);
        var order = SampleOrder.Uniform(64, 7);
        SamplePosition[][] batches = [.. Enumerable.Range(0, 40).Select(b => Enumerable.Range(b * 13, 13).Select(p => order[p]).ToArray())];
        using var plain = new ViewLoader(source, s_plan, 7, threads: 0);
        using var ahead = new ViewLoader(source, s_plan, 7, threads: 2, capacity: 3);
        var next = 0;
        for (var b = 0; b < batches.Length; b++)
        {
            while (next < batches.Length && ahead.Prefetch(next, batches[next]))
                next++;
            Assert.InRange(next - b, 1, 3);
            using var expected = plain.Load(batches[b]);
            using var actual = ahead.Take(b, batches[b]);
            Assert.Equal(batches[b], actual.Samples);
            for (var v = 0; v < s_plan.Count; v++)
            {
                Assert.Equal(13 * 3 * (v < 2 ? 32 * 32 : 16 * 16), actual.View(v).Length);
                Assert.True(expected.View(v).Span.SequenceEqual(actual.View(v).Span));
            }
        }

        Assert.Equal(40 * 13 * 5, plain.RenderedViews);
        Assert.Equal(0, plain.SecondsWaited);
        Assert.True(ahead.SecondsWaited >= 0);
    }

    [Fact]
    public void A_lease_that_changed_or_was_dropped_gives_the_right_views()
    {
        using var folder = new TemporaryFolder();
        GeneratedImages.Write(folder.Path, 64, 0, 1);
        using var source = ImageSources.Open(folder.Path);
        using var loader = new ViewLoader(source, s_plan, 7, threads: 1, capacity: 2);
        SamplePosition[] first = [new(0, 1), new(0, 2)];
        SamplePosition[] other = [new(0, 3)];
        Assert.True(loader.Prefetch(1, first));
        Assert.False(loader.Prefetch(1, first));
        Assert.True(loader.Prefetch(2, first));
        Assert.False(loader.Prefetch(3, first));
        using (var batch = loader.Take(1, other))
            Same(loader, other, batch);
        loader.Discard(2);
        loader.Clear();
        Assert.True(loader.Prefetch(3, other));
        using (var batch = loader.Take(3, other))
            Same(loader, other, batch);
        using (var batch = loader.Take(99, first))
            Same(loader, first, batch);
        Assert.True(loader.SecondsWaited > 0);
    }

    [Fact]
    public void Buffers_are_used_again()
    {
        using var folder = new TemporaryFolder();
        GeneratedImages.Write(folder.Path, 64, 0, 1);
        using var source = ImageSources.Open(folder.Path);
        using var loader = new ViewLoader(source, s_plan, 7, threads: 0);
        var samples = Enumerable.Range(0, 16).Select(i => new SamplePosition(0, i)).ToArray();
        for (var i = 0; i < 3; i++)
            loader.Load(samples).Dispose();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20; i++)
            loader.Load(samples).Dispose();
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20_000);
    }

    [Fact]
    public void A_failure_in_the_background_reaches_the_caller()
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.tar", new TarBuilder().Samples(5).Add("bad.jpg", "bad").Build());
        using var source = ImageSources.Open(folder.Path);
        using var loader = new ViewLoader(source, s_plan, 7, threads: 1);
        SamplePosition[] samples = [new(0, 5)];
        loader.Prefetch(0, samples);
        Thread.Sleep(50);
        Assert.Contains("do not decode", Assert.Throws<UserErrorException>(() => loader.Take(0, samples)).Message);
    }

    [Fact]
    public void Multi_crop_pairs_never_compare_small_with_small()
    {
        var plan = ViewPlan.MultiCrop(ViewSettings.SimClrSmall(32, NormalizeSettings.Cifar10), 2, 16, 6);
        var pairs = plan.LossPairs();
        Assert.Equal(14, pairs.Count);
        Assert.All(pairs, pair => Assert.True(pair.Target < 2 && pair.Source != pair.Target));
        Assert.Equal((0.05f, 0.14f), (plan[7].Crop.ScaleMin, plan[7].Crop.ScaleMax));
    }

    private static void Same(ViewLoader loader, SamplePosition[] samples, ViewBatch batch)
    {
        using var expected = loader.Load(samples);
        for (var v = 0; v < s_plan.Count; v++)
            Assert.True(expected.View(v).Span.SequenceEqual(batch.View(v).Span));
    }
}
