using System.Numerics;
using System.Runtime.Intrinsics;

namespace SslOrleans.Learning.Numerics;

/// <summary>
/// The reductions outside libtorch that decide bits (LARS norms, the global gradient norm, k-means), in one fixed order:
/// sixteen double accumulators, element i in accumulator i mod 16, added left to right. The fixed-width vectors have the same
/// result in hardware and in their software fallback, and never depend on alignment.
/// </summary>
public static class FixedOrder
{
    private const int Lanes = 16;

    /// <summary>Σ xᵢ², accumulated in double.</summary>
    public static double SumOfSquares(ReadOnlySpan<float> x)
    {
        var (a, b, c, d) = (Vector256<double>.Zero, Vector256<double>.Zero, Vector256<double>.Zero, Vector256<double>.Zero);
        var i = 0;
        for (; i <= x.Length - Lanes; i += Lanes)
        {
            a += Square(x[i..]);
            b += Square(x[(i + 4)..]);
            c += Square(x[(i + 8)..]);
            d += Square(x[(i + 12)..]);
        }

        var total = LeftToRight([a, b, c, d]);
        for (; i < x.Length; i++)
            total += (double)x[i] * x[i];
        return total;
    }

    /// <summary>Σ aᵢbᵢ, accumulated in double.</summary>
    /// <param name="a">As many values as <paramref name="b"/>.</param>
    /// <param name="b">The other vector.</param>
    public static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sums = (A: Vector256<double>.Zero, B: Vector256<double>.Zero, C: Vector256<double>.Zero, D: Vector256<double>.Zero);
        var i = 0;
        for (; i <= a.Length - Lanes; i += Lanes)
        {
            sums.A += Four(a[i..]) * Four(b[i..]);
            sums.B += Four(a[(i + 4)..]) * Four(b[(i + 4)..]);
            sums.C += Four(a[(i + 8)..]) * Four(b[(i + 8)..]);
            sums.D += Four(a[(i + 12)..]) * Four(b[(i + 12)..]);
        }

        var total = LeftToRight([sums.A, sums.B, sums.C, sums.D]);
        for (; i < a.Length; i++)
            total += (double)a[i] * b[i];
        return total;
    }

    /// <summary>max |xᵢ|; NaN when any element is. A maximum has the same bits in every order.</summary>
    public static float MaxAbsolute(ReadOnlySpan<float> x)
    {
        var most = Vector<float>.Zero;
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
            most = Vector.Max(most, Vector.Abs(new Vector<float>(x[i..])));
        var max = 0f;
        for (var lane = 0; lane < Vector<float>.Count; lane++)
            max = MathF.Max(max, most[lane]);
        for (; i < x.Length; i++)
            max = MathF.Max(max, MathF.Abs(x[i]));
        return max;
    }

    private static Vector256<double> Square(ReadOnlySpan<float> four)
    {
        var v = Four(four);
        return v * v;
    }

    private static Vector256<double> Four(ReadOnlySpan<float> values)
    {
        var (lower, upper) = Vector128.Widen(Vector128.Create(values));
        return Vector256.Create(lower, upper);
    }

    private static double LeftToRight(ReadOnlySpan<Vector256<double>> sums)
    {
        var total = 0.0;
        foreach (var sum in sums)
        {
            for (var lane = 0; lane < 4; lane++)
                total += sum[lane];
        }

        return total;
    }
}
