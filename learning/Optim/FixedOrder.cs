using System.Runtime.Intrinsics;

namespace SslOrleans.Learning.Optim;

/// <summary>
/// The reductions that decide bits (LARS norms, the global gradient norm), in one fixed order:
/// four double accumulators, element i in accumulator i mod 4, added left to right. <see cref="Vector256{T}"/> has the same
/// result in hardware and in its software fallback, and never depends on alignment.
/// </summary>
public static class FixedOrder
{
    /// <summary>Σ xᵢ², accumulated in double.</summary>
    public static double SumOfSquares(ReadOnlySpan<float> x)
    {
        var sums = Vector256<double>.Zero;
        var i = 0;
        for (; i <= x.Length - 4; i += 4)
        {
            var v = Vector256.Create((double)x[i], x[i + 1], x[i + 2], x[i + 3]);
            sums += v * v;
        }

        var total = sums[0] + sums[1] + sums[2] + sums[3];
        for (; i < x.Length; i++)
            total += (double)x[i] * x[i];
        return total;
    }

    /// <summary>max |xᵢ|; NaN when any element is.</summary>
    public static float MaxAbsolute(ReadOnlySpan<float> x)
    {
        var max = 0f;
        foreach (var value in x)
            max = MathF.Max(max, MathF.Abs(value));
        return max;
    }
}
