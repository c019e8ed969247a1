using System.IO.Hashing;
using System.Runtime.InteropServices;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Tests.Numerics;

public class NormalDrawsTests
{
    [Fact]
    public void Box_Muller_agrees_with_the_C_library()
    {
        var random = new RandomStream(1, Purpose.Weights, 0, 0, 0);
        for (var i = 0; i < 200_000; i++)
        {
            var u = (random.NextUInt32() + 1.0) / 4294967296.0;
            var v = random.NextUInt32() / 4294967296.0;
            Assert.Equal(Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v), PortableMath.BoxMuller(u, v), 2e-8);
        }

        Assert.Equal(Math.Sqrt(-2 * Math.Log(Math.Pow(2, -32))), PortableMath.BoxMuller(Math.Pow(2, -32), 0), 1e-7);
        Assert.Equal(0, PortableMath.BoxMuller(1, 0.3));
    }

    [Fact]
    public void Draws_are_standard_normal()
    {
        var random = new RandomStream(2, Purpose.Weights, 0, 0, 0);
        var values = Enumerable.Range(0, 400_000).Select(_ => (double)random.NextNormal()).ToArray();
        Assert.Equal(0, values.Average(), 0.008);
        Assert.Equal(1, values.Average(v => v * v), 0.012);
        Assert.Equal(0, values.Average(v => v * v * v), 0.03);
        Assert.Equal(3, values.Average(v => v * v * v * v), 0.1);
        Assert.Equal(0.15866, values.Count(v => v > 1) / 400_000.0, 0.003);
    }

    /// <summary>Fixed bits: initial weights must not follow the machine's C library.</summary>
    [Fact]
    public void Bits_are_pinned()
    {
        var random = new RandomStream(3, Purpose.Weights, 0, 1, 0);
        var values = Enumerable.Range(0, 100_000).Select(_ => random.NextNormal()).ToArray();
        Assert.Equal("120bcd648bfec1236d56f5a7a6f6391b", Convert.ToHexStringLower(XxHash128.Hash(MemoryMarshal.AsBytes(values.AsSpan()))));
    }
}
