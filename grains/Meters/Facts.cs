using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Grains.Meters;

/// <summary>Numbers of values at a glance, one pass over them each; made only when somebody looks.</summary>
internal static class Facts
{
    /// <summary>XXH128, hexadecimal, as the ledger writes it.</summary>
    public static string Hash(ReadOnlySpan<float> values)
        => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(values)).ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>Euclidean norm; null when it is not finite.</summary>
    public static double? Norm(ReadOnlySpan<float> values) => Finite(Math.Sqrt(FixedOrder.SumOfSquares(values)));

    public static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
