using SslOrleans.Learning.Numerics;

namespace SslOrleans.Tests.Learning.Optim;

public class FixedOrderTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(1007)]
    public void SquaresAreAddedInTheOrderThatIsWritten(int length)
    {
        var x = Values(length);
        var sums = new double[16];
        var whole = length / 16 * 16;
        for (var i = 0; i < whole; i++)
            sums[i % 16] += (double)x[i] * x[i];
        var expected = 0.0;
        foreach (var sum in sums)
            expected += sum;
        for (var i = whole; i < length; i++)
            expected += (double)x[i] * x[i];

        Assert.Equal(expected, FixedOrder.SumOfSquares(x));
    }

    [Fact]
    public void TheSameBitsAtEveryAlignment()
    {
        var x = Values(999);
        var expected = FixedOrder.SumOfSquares(x);
        for (var shift = 0; shift < 17; shift++)
        {
            var moved = new float[x.Length + shift];
            x.CopyTo(moved, shift);
            Assert.Equal(expected, FixedOrder.SumOfSquares(moved.AsSpan(shift)));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(1007)]
    public void TheMaximumLooksAtEveryElement(int length)
    {
        for (var at = 0; at < length; at++)
        {
            var x = new float[length];
            x[at] = -3;
            Assert.Equal(3, FixedOrder.MaxAbsolute(x));
            x[at] = float.NaN;
            Assert.True(float.IsNaN(FixedOrder.MaxAbsolute(x)), $"NaN at {at} of {length} was missed");
        }
    }

    private static float[] Values(int length)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, length).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-4, 4))))];
    }
}
