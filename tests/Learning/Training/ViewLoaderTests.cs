using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Tests.Data;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests.Training;

public sealed class ViewLoaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Recipe _recipe = RecipeReader.Parse(
        """
        { "method": "simclr", "seed": 7, "steps": 10, "batch": { "effective": 16, "micro": 8 },
          "views": [ { "count": 2, "crop": { "size": 16 }, "jitter": { "probability": 0.8 } }, { "count": 2, "crop": { "size": 8 } } ] }
        """);

    public ViewLoaderTests() => GeneratedImages.Write(_folder.File("images"), 64, 0, 1);

    [Fact]
    public async Task Prepared_micro_batches_equal_those_made_on_the_spot()
    {
        using var data = new ImageTrainingData(_recipe, _folder.File("images"));
        using var loader = new ViewLoader(data, threads: 2, capacity: 3);
        var next = 0;
        for (var m = 0; m < 40; m++)
        {
            while (next < 40 && loader.Prefetch(next * 8L, 8))
                next++;
            Assert.InRange(loader.Count, 1, 3);
            using var expected = data.Render(m * 8L, 8);
            using var actual = await loader.Take(m * 8L, 8);
            Same(expected, actual);
        }
    }

    [Fact]
    public async Task What_nobody_asked_for_is_made_at_once_and_before_what_waits()
    {
        using var data = new Counted(new ImageTrainingData(_recipe, _folder.File("images")));
        using var loader = new ViewLoader(data, threads: 1, capacity: 8);
        using (data.Hold())
        {
            for (var m = 0; m < 4; m++)
                Assert.True(loader.Prefetch(m * 8L, 8));
            while (data.Begun.Count == 0)
                await Task.Delay(1);
            var last = loader.Take(24, 8);
            var unknown = loader.Take(160, 8);
            data.Release();
            using var a = await last;
            using var b = await unknown;
        }

        Assert.Equal([0L, 160, 24], data.Begun.Take(3));
        Assert.True(loader.SecondsWaited > 0);
    }

    [Fact]
    public async Task A_wrong_guess_is_dropped_and_makes_room()
    {
        using var data = new ImageTrainingData(_recipe, _folder.File("images"));
        using var loader = new ViewLoader(data, threads: 1, capacity: 2);
        Assert.True(loader.Prefetch(0, 8));
        Assert.False(loader.Prefetch(0, 8));
        Assert.True(loader.Prefetch(8, 8));
        Assert.False(loader.Prefetch(16, 8));
        loader.Drop(first => first < 16);
        Assert.Equal(0, loader.Count);
        Assert.True(loader.Prefetch(16, 8));
        using var views = await loader.Take(8, 8);
        using var expected = data.Render(8, 8);
        Same(expected, views);
    }

    [Fact]
    public async Task A_failure_in_the_background_reaches_the_one_who_takes_it()
    {
        _folder.Write("bad/x.tar", new TarBuilder().Samples(20).Add("zbad.jpg", "bad").Build());
        using var data = new ImageTrainingData(_recipe with { Data = _recipe.Data with { Limit = 0 } }, _folder.File("bad"));
        using var loader = new ViewLoader(data, threads: 1);
        loader.Prefetch(0, 21);
        Assert.Contains("do not decode", (await Assert.ThrowsAsync<UserErrorException>(() => loader.Take(0, 21))).Message);
        loader.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => loader.Take(0, 8));
    }

    public void Dispose() => _folder.Dispose();

    private static void Same(MicroBatchViews expected, MicroBatchViews actual)
    {
        Assert.Equal(expected.SampleIds, actual.SampleIds);
        Assert.Equal(expected.Labels, actual.Labels);
        Assert.Equal(expected.Views.Count, actual.Views.Count);
        for (var v = 0; v < expected.Views.Count; v++)
            Assert.True(expected.Views[v].Values.AsSpan().SequenceEqual(actual.Views[v].Values));
    }

    /// <summary>Notes what is rendered in which order, and can be held at the first.</summary>
    private sealed class Counted(IViewProvider data) : IViewProvider, IDisposable
    {
        private readonly ManualResetEventSlim _open = new(true);

        public List<long> Begun { get; } = [];

        public long Samples => data.Samples;

        public IDisposable Hold()
        {
            _open.Reset();
            return this;
        }

        public void Release() => _open.Set();

        public long[] SampleIds(long firstPosition, int count) => data.SampleIds(firstPosition, count);

        public MicroBatchViews Render(long firstPosition, int count)
        {
            Begun.Add(firstPosition);
            _open.Wait();
            return data.Render(firstPosition, count);
        }

        public void Dispose() => Release();
    }
}
