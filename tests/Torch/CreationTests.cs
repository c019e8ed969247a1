using TorchSharp;
using static SslOrleans.Torch.Tests.Values;
using static TorchSharp.torch;

namespace SslOrleans.Torch.Tests;

public class CreationTests
{
    [Fact]
    public void ShapesAndTypes()
    {
        Equal([2, 3], [0, 0, 0, 0, 0, 0], zeros(2, 3));
        Equal([2], [1, 1], ones([2]));
        Equal([1, 2], [7, 7], full(1, 2, 7f));
        Equal([2, 2], [1, 0, 0, 1], eye(2));
        Equal([3], [1, 3, 5], arange(1, 7, 2));
        Assert.Equal(ScalarType.Int64, arange(3).dtype);
        Assert.Equal(ScalarType.Float32, arange(3f).dtype);
        Assert.Equal(ScalarType.Float64, zeros(1, ScalarType.Float64).dtype);
        Assert.Equal(new long[] { 2, 3, 4, 5 }, empty(2, 3, 4, 5).shape);
        Assert.Equal(120, empty(2, 3, 4, 5).numel());
        Assert.Equal(4, empty(2, 3, 4, 5).ndim);
        Assert.Equal(5, empty(2, 3, 4, 5).size(-1));
        Assert.Equal(new long[] { 60, 20, 5, 1 }, empty(2, 3, 4, 5).stride());
        Assert.True(zeros(2, requires_grad: true).requires_grad);
        Equal([2], [0, 0], zeros_like(ones(2)));
        Equal([3], [0, 0.5f, 1], linspace(0, 1, 3));
    }

    [Fact]
    public void FromArrays()
    {
        Equal([2, 2], [1, 2, 3, 4], tensor(new float[] { 1, 2, 3, 4 }, [2, 2]));
        Equal([2, 2], [1, 2, 3, 4], tensor(new float[,] { { 1, 2 }, { 3, 4 } }));
        Equal([1, 2, 2], [1, 2, 3, 4], tensor(new List<float> { 1, 2, 3, 4 }, 1, 2, 2));
        Equal([2], [1, 2], from_array(new double[] { 1, 2 }));
        Assert.Equal(ScalarType.Int64, tensor(new long[] { 1 }).dtype);
        Assert.Equal(ScalarType.Float32, tensor(new long[] { 1 }, ScalarType.Float32).dtype);
        Assert.Equal(ScalarType.Bool, tensor(new[] { true, false }).dtype);
        Assert.Empty(tensor(1.5f).shape);
        Equal([], [1.5f], tensor(1.5f));
        Equal([0], [], tensor(Array.Empty<float>()));
        var error = Assert.Throws<ArgumentException>(() => tensor(new float[3], [2, 2]));
        Assert.Contains("mismatched total size", error.Message);
    }

    [Fact]
    public void Reading()
    {
        var t = Count(2, 3);
        Assert.Equal(5f, t.data<float>()[1, 2]);
        Assert.Equal([0f, 3, 1, 4, 2, 5], t.t().data<float>().ToArray());
        var span = new float[6];
        t.data<float>().CopyTo(span.AsSpan());
        Assert.Equal([0f, 1, 2, 3, 4, 5], span);
        t.data<float>()[1, 2] = 9;
        Assert.Equal(9f, t[1, 2].item<float>());
        Assert.Equal(24, t.bytes.Length);
        t.bytes = new byte[24];
        Equal([2, 3], [0, 0, 0, 0, 0, 0], t);
        Assert.Equal(2.5, tensor(2.5).item<double>());
        Assert.Equal(2L, tensor(2L).ToInt64());
        Assert.Equal(2.5f, (float)tensor(2.5));
        Assert.Equal(3.0, tensor(3L).ToDouble());
        Assert.True(tensor(true).ToBoolean());
        Assert.Throws<ArgumentException>(() => t.item<float>());
        Assert.Throws<ArgumentException>(() => t.data<long>());
        Assert.Throws<NotImplementedException>(() => t.t().bytes.Length);
        Assert.Equal([1f, 2], Floats(1, 2).data<float>());
    }

    [Fact]
    public void RandomNumbersFollowTheSeed()
    {
        manual_seed(5);
        var first = rand(4).data<float>().ToArray();
        var next = rand(4).data<float>().ToArray();
        manual_seed(5);
        Assert.Equal(first, rand(4).data<float>().ToArray());
        Assert.NotEqual(first, next);
        using var generator = new Generator(9);
        var own = randn(4, generator: generator).data<float>().ToArray();
        generator.manual_seed(9);
        Assert.Equal(own, randn(4, generator: generator).data<float>().ToArray());
        Assert.Equal([0L, 1, 2, 3], randperm(4).sort().Values.data<long>().ToArray());
    }

    [Fact]
    public void Conversion()
    {
        Assert.Equal(ScalarType.Int32, Floats(1.7f).to(ScalarType.Int32).dtype);
        Equal([1], Floats(1.7f).@long());
        var t = Floats(1);
        var same = t.to(CPU);
        same.fill_(3);
        Equal([3], t);
        Assert.Equal("cpu", t.device.ToString());
        Assert.Equal("cuda:1", new Device("cuda:1").ToString());
        Assert.Equal(DeviceType.CPU, t.device_type);
        var copy = t.clone();
        copy.zero_();
        Equal([3], t);
    }
}
