using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Tests.Golden;

namespace SslOrleans.Learning.Tests;

/// <summary>Every method's loss and gradients against an independent PyTorch computation (Golden/make_losses.py).</summary>
public class GoldenLossTests
{
    private const double Tolerance = 1e-5;

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, GoldenCase.All.Count)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Value_and_gradients_equal_PyTorch(int index)
    {
        var golden = GoldenCase.All[index];
        var (value, gradients, _) = golden.Compute();
        Assert.True(
            Math.Abs(value - golden.Value) <= Tolerance * Math.Max(Math.Abs(golden.Value), 1e-2),
            $"{golden}: loss {value:g9}, PyTorch {golden.Value:g9}");
        foreach (var (name, expected) in golden.Gradients)
            Close(expected.Values, gradients[name], $"{golden}: gradient by {name}");
    }

    [Fact]
    public void Every_method_has_two_shapes_and_an_edge_case()
    {
        foreach (var method in MethodCatalog.All)
        {
            var cases = GoldenCase.All.Where(c => c.Method == method.Name).ToList();
            Assert.True(cases.Count(c => !c.Case.StartsWith("edge")) >= 2, $"{method.Name}: fewer than two shapes in losses.json");
            Assert.True(cases.Any(c => c.Case.StartsWith("edge")), $"{method.Name}: no edge case in losses.json");
        }
    }

    /// <summary>
    /// Relative to the tensor's largest value. Where the gradient vanishes in double precision, single precision leaves
    /// the rounding of terms of size one.
    /// </summary>
    internal static void Close(double[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        var largest = expected.Max(Math.Abs);
        var allowed = largest > 1e-10 ? Tolerance * largest : 3e-7;
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(actual[i] - expected[i]) <= allowed, $"{what}[{i}]: {actual[i]:g9}, PyTorch {expected[i]:g9}, largest {largest:g3}");
    }
}
