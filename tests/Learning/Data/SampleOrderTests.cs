using SslOrleans.Learning.Data;

namespace SslOrleans.Learning.Tests.Data;

public class SampleOrderTests
{
    [Theory]
    [InlineData(100, 7)]
    [InlineData(100, 100)]
    [InlineData(97, 33)]
    [InlineData(4096, 60)]
    [InlineData(5, 12)]
    public void Every_sample_comes_once_an_epoch_for_any_batch_size(int count, int batch)
    {
        var order = SampleOrder.Uniform(count, 3);
        var seen = new Dictionary<(long, int), int>();
        var buffer = new SamplePosition[batch];
        var batches = (4 * count / batch) + 1;
        for (var b = 0; b < batches; b++)
        {
            order.Fill((long)b * batch, buffer);
            foreach (var (epoch, id) in buffer)
                seen[(epoch, id)] = seen.GetValueOrDefault((epoch, id)) + 1;
        }

        Assert.All(seen.Values, times => Assert.Equal(1, times));
        for (var epoch = 0; epoch < batches * batch / count; epoch++)
            Assert.Equal(count, seen.Keys.Count(key => key.Item1 == epoch));
    }

    [Fact]
    public void A_position_gives_the_same_sample_in_any_order_of_asking()
    {
        var forward = SampleOrder.Uniform(50, 9);
        var expected = Enumerable.Range(0, 500).Select(p => forward[p]).ToArray();
        var backward = SampleOrder.Uniform(50, 9);
        for (var p = 499; p >= 0; p--)
            Assert.Equal(expected[p], backward[p]);
        Assert.NotEqual(expected.Take(50), expected.Skip(50).Take(50).Select(s => s with { Epoch = 0 }));
        Assert.NotEqual(expected, Enumerable.Range(0, 500).Select(p => SampleOrder.Uniform(50, 10)[p]));
    }

    [Fact]
    public void Orders_are_uniform()
    {
        // Each of 6 orders of 3 samples: 1/6 of 60,000 epochs, five sigma.
        var order = SampleOrder.Uniform(3, 1);
        var counts = new Dictionary<string, int>();
        const int Epochs = 60_000;
        for (var e = 0; e < Epochs; e++)
        {
            var key = $"{order[(3L * e)].SampleId}{order[(3L * e) + 1].SampleId}{order[(3L * e) + 2].SampleId}";
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        Assert.Equal(6, counts.Count);
        Assert.All(counts.Values, n => Assert.InRange(n, (Epochs / 6) - 460, (Epochs / 6) + 460));
    }

    [Fact]
    public void Balanced_order_uses_classes_equally_and_never_repeats_a_pair()
    {
        int[] labels = [.. Enumerable.Repeat(0, 90), .. Enumerable.Repeat(1, 9), .. Enumerable.Repeat(4, 1)];
        var order = SampleOrder.ClassBalanced(labels, 5);
        var positions = Enumerable.Range(0, 3000).Select(p => order[p]).ToArray();
        Assert.Equal(100, order.EpochLength);
        Assert.All(positions.GroupBy(p => labels[p.SampleId]), group => Assert.Equal(1000, group.Count()));
        Assert.Equal(3000, positions.Distinct().Count());
        var uses = positions.Where(p => labels[p.SampleId] == 1).GroupBy(p => p.SampleId).Select(g => g.Count()).ToArray();
        Assert.Equal(9, uses.Length);
        Assert.True(uses.Max() - uses.Min() <= 1);
    }

    [Fact]
    public void Long_tail_keeps_the_shares()
    {
        var labels = Enumerable.Range(0, 1000).Select(i => i % 10).ToArray();
        var order = SampleOrder.LongTailed(labels, 100, 5);
        var counts = Enumerable.Range(0, (int)order.EpochLength).GroupBy(p => labels[order[p].SampleId]).ToDictionary(g => g.Key, g => g.Count());
        for (var c = 0; c < 10; c++)
            Assert.Equal((int)Math.Round(100 * Math.Pow(100, -c / 9.0)), counts[c]);
    }

    [Fact]
    public void Resolution_ramps_in_steps()
    {
        var ramp = new ResolutionRamp(160, 224, 100, 200);
        Assert.Equal([160, 160, 192, 192, 224, 224], new long[] { 0, 100, 140, 170, 180, 5000 }.Select(ramp.SizeAt));
    }
}
