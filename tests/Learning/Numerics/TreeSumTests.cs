using SslOrleans.Learning.Numerics;

namespace SslOrleans.Tests.Learning.Numerics;

public class TreeSumTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(13)]
    public void EveryDivisionOfTheLeavesGivesTheSameBits(int leaves)
    {
        var vectors = Vectors(leaves, 37);
        var expected = Sum(leaves, Enumerable.Range(0, leaves).Select(l => new MicroBatchRange(l, 1)), vectors);
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var cuts = Enumerable.Range(0, random.Next(leaves)).Select(_ => random.Next(leaves + 1)).Append(0).Append(leaves).Distinct().Order().ToList();
            var nodes = cuts.Zip(cuts.Skip(1)).SelectMany(c => SumTree.Cover(leaves, c.First, c.Second)).OrderBy(_ => random.Next());
            Assert.Equal(expected, Sum(leaves, nodes, vectors));
        }
    }

    [Fact]
    public void TheOrderIsTheTreesAndNotTheArrivals()
    {
        // (1 + 1e8) + (−1e8 + 1) in float32 is 0 in tree order and 1 in the order of the leaves.
        float[][] vectors = [[1f], [1e8f], [-1e8f], [1f]];
        Assert.Equal([0f], Sum(4, [new(3, 1), new(1, 1), new(0, 1), new(2, 1)], vectors));
        Assert.Equal(1f, vectors.Aggregate(0f, (sum, v) => sum + v[0]));
    }

    [Fact]
    public void ADuplicateChangesNothing()
    {
        var vectors = Vectors(4, 3);
        var sum = new TreeSum(4);
        Assert.True(sum.Add(new MicroBatchRange(0, 1), [.. vectors[0]]));
        Assert.False(sum.Add(new MicroBatchRange(0, 1), [9, 9, 9]));
        Assert.True(sum.Add(new MicroBatchRange(1, 1), [.. vectors[1]]));
        Assert.False(sum.Add(new MicroBatchRange(0, 2), [9, 9, 9]));
        Assert.True(sum.Add(new MicroBatchRange(2, 2), Sum(2, [new(0, 1), new(1, 1)], vectors[2..])));
        Assert.Equal(Sum(4, [new(0, 1), new(1, 1), new(2, 1), new(3, 1)], vectors), sum.Total);
    }

    [Fact]
    public void AWholeReplacesThePartThatADeadWorkerLeft()
    {
        var vectors = Vectors(4, 3);
        var sum = new TreeSum(4);
        sum.Add(new MicroBatchRange(1, 1), [.. vectors[1]]);
        sum.Add(new MicroBatchRange(0, 2), Sum(2, [new(0, 1), new(1, 1)], vectors));
        sum.Add(new MicroBatchRange(2, 1), [.. vectors[2]]);
        Assert.False(sum.IsComplete);
        sum.Add(new MicroBatchRange(3, 1), [.. vectors[3]]);
        Assert.True(sum.IsComplete);
        Assert.Equal(Sum(4, [new(0, 1), new(1, 1), new(2, 1), new(3, 1)], vectors), sum.Total);
    }

    [Fact]
    public void OnlySubtreesAreTaken()
    {
        var sum = new TreeSum(8);
        Assert.Throws<ArgumentException>(() => sum.Add(new MicroBatchRange(1, 2), [0]));
        Assert.Throws<ArgumentException>(() => sum.Add(new MicroBatchRange(6, 4), [0]));
        Assert.Throws<InvalidOperationException>(() => sum.Total);
    }

    [Theory]
    [InlineData(8, 0, 3, "0-1,2")]
    [InlineData(8, 3, 8, "3,4-7")]
    [InlineData(8, 0, 8, "0-7")]
    [InlineData(6, 2, 6, "2-3,4-5")]
    public void ACoverIsTheFewestSubtrees(int leaves, int start, int end, string expected)
        => Assert.Equal(expected, string.Join(',', SumTree.Cover(leaves, start, end)));

    private static float[] Sum(int leaves, IEnumerable<MicroBatchRange> nodes, float[][] vectors)
    {
        var sum = new TreeSum(leaves);
        foreach (var node in nodes)
            sum.Add(node, Subtree(node, vectors));
        return sum.Total;
    }

    /// <summary>The sum of a subtree by its definition.</summary>
    private static float[] Subtree(MicroBatchRange node, float[][] vectors)
    {
        if (node.Size == 1)
            return [.. vectors[node.Start]];
        var (left, right) = SumTree.Children(node);
        return [.. Subtree(left, vectors).Zip(Subtree(right, vectors), (a, b) => a + b)];
    }

    private static float[][] Vectors(int count, int length)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, length).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-3, 6)))).ToArray())];
    }
}
