using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Torch.Tests;

/// <summary>Comparisons of tensors with values known by hand.</summary>
internal static class Values
{
    internal static void Equal(float[] expected, Tensor actual, float tolerance = 1e-6f)
    {
        using var there = actual.to(ScalarType.Float32);
        using var here = there.cpu();
        var values = here.data<float>().ToArray();
        Assert.Equal(expected.Length, values.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            if (float.IsNaN(expected[i])) Assert.True(float.IsNaN(values[i]), $"at {i}: {values[i]}");
            else Assert.True(expected[i] == values[i] || Math.Abs(expected[i] - values[i]) <= tolerance, $"at {i}: expected {expected[i]}, got {values[i]}");
        }
    }

    internal static void Equal(long[] shape, float[] expected, Tensor actual, float tolerance = 1e-6f)
    {
        Assert.Equal(shape, actual.shape);
        Equal(expected, actual, tolerance);
    }

    internal static Tensor Floats(params float[] values) => tensor(values);

    internal static Tensor Longs(params long[] values) => tensor(values);

    /// <summary>0, 1, 2, … in a shape.</summary>
    internal static Tensor Count(params long[] shape) => arange(shape.Aggregate(1L, (a, b) => a * b), ScalarType.Float32).reshape(shape);
}
