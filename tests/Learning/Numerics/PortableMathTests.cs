using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Tests.Numerics;

/// <summary>As accurate as a C library, from operations that round the same everywhere.</summary>
public class PortableMathTests
{
    [Theory]
    [InlineData(0.9, 1)]
    [InlineData(0.999, 100_000)]
    [InlineData(0.95, 0)]
    [InlineData(1.5, 63)]
    public void Powers_are_those_of_the_library(double x, long n) => Assert.Equal(1, PortableMath.Power(x, n) / Math.Pow(x, n), 1e-11);

    [Fact]
    public void Sine_and_cosine_of_radians_are_those_of_the_library()
    {
        for (var x = -40.0; x < 40; x += 0.37)
        {
            var (sin, cos) = PortableMath.SinCos(x);
            Assert.Equal(Math.Sin(x), sin, 1e-13);
            Assert.Equal(Math.Cos(x), cos, 1e-13);
        }
    }

    /// <summary>Sixteen accumulators, element i in accumulator i mod 16, added left to right, then the rest: written out as a loop.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(131)]
    public void A_dot_product_is_taken_in_one_order_wherever_it_lies_in_memory(int length)
    {
        var random = new Random(length);
        float[] Draw() => [.. Enumerable.Range(0, length + 7).Select(_ => random.NextSingle() - 0.5f)];
        var (a, b) = (Draw(), Draw());
        for (var offset = 0; offset < 7; offset++)
        {
            var accumulators = new double[16];
            var whole = length / 16 * 16;
            for (var i = 0; i < whole; i++)
                accumulators[i % 16] += (double)a[offset + i] * b[offset + i];
            var expected = 0.0;
            foreach (var sum in accumulators)
                expected += sum;
            for (var i = whole; i < length; i++)
                expected += (double)a[offset + i] * b[offset + i];
            Assert.Equal(expected, FixedOrder.Dot(a.AsSpan(offset, length), b.AsSpan(offset, length)));
        }
    }
}
