using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Parameters;
using SslOrleans.Grains.Steps;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Tests.Grains.Runs;

public class StepPlannerTests
{
    [Fact]
    public void EveryMicroBatchIsDealtOnceInWholeSubtreesAndBySpeed()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var microBatches = random.Next(1, 40);
            var open = Enumerable.Range(0, microBatches).Where(_ => random.Next(4) > 0).ToList();
            var speeds = Enumerable.Range(0, random.Next(1, 7)).Select(_ => 0.5 + random.NextDouble()).ToList();
            var dealt = StepPlanner.Deal(microBatches, open, speeds);
            Assert.Equal(open, dealt.SelectMany(d => d).SelectMany(l => Enumerable.Range(l.Start, l.Size)).Order());
            Assert.All(dealt.SelectMany(d => d), l => Assert.True(SumTree.Contains(microBatches, new MicroBatchRange(l.Start, l.Size))));

            // In a time that is 5 % shorter they could not all be done, whoever does which.
            var shorter = dealt.Select((d, w) => d.Sum(l => l.Size) / speeds[w]).Max() / 1.05 * (1 - 1e-5);
            Assert.True(speeds.Sum(s => Math.Floor(shorter * s)) < Math.Max(1, open.Count));
        }
    }

    [Fact]
    public void FourEqualSharesOfSixteenAreOneSubtreeEach()
        => Assert.Equal("0-3|4-7|8-11|12-15", string.Join('|', StepPlanner.Deal(16, [.. Enumerable.Range(0, 16)], [1, 1, 1, 1]).Select(d => string.Join(',', d))));

    [Fact]
    public void SpeedsThatHardlyDifferMakeNoMorePartialSums()
    {
        double[] speeds = [1.02, 0.97, 1.01, 0.98];
        Assert.Equal("0-7|24-31|8-15|16-23", string.Join('|', StepPlanner.Deal(32, [.. Enumerable.Range(0, 32)], speeds).Select(d => string.Join(',', d))));
        Assert.InRange(StepPlanner.Deal(32, [.. Enumerable.Range(0, 32)], [2, 0.67, 0.66, 0.67])[0].Sum(l => l.Size), 15, 17);
    }

    [Fact]
    public void WithoutOneOfManyTheOthersKeepTheirSubtreesAndShareItsLeaves()
    {
        var dealt = StepPlanner.Deal(128, [.. Enumerable.Range(0, 128)], [.. Enumerable.Repeat(1.0, 15)]);
        Assert.Equal(15 + 8, dealt.Sum(d => d.Length));
        Assert.All(dealt, d => Assert.Contains(d, l => l.Size == 8));
    }

    [Fact]
    public void ASumThatIsHereAlreadyIsNothingAndItsMemoryIsUsedAgain()
    {
        const int Length = 5;
        var sums = new IncomingSums(Length, 2);
        float[] one = [0, 1, 2, 3, 4], two = [0, 0.5f, 1, 1.5f, 2];

        sums.Add(Sum(0), [.. one]);
        Assert.True(sums.Covers(new MicroBatchRange(0, 1)));
        Assert.False(sums.Covers(new MicroBatchRange(1, 1)));
        var again = Enumerable.Repeat(float.NaN, Length).ToArray();
        sums.Add(Sum(0), again);
        Assert.Same(again, sums.Rent());
        Assert.False(sums.IsComplete);
        sums.Add(Sum(1), [.. two]);
        Assert.True(sums.IsComplete);
        Assert.Equal(one.Zip(two, (a, b) => a + b), sums.Total);

        static PartialSum Sum(int leaf) => new("run", 0, new MicroBatchRange(leaf, 1), Payload.Nothing, "sender");
    }
}
