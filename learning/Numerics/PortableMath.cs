namespace SslOrleans.Learning.Numerics;

/// <summary>
/// exp, log, sin and cos from additions, multiplications and divisions alone, so that views, initial weights and schedules have the same bits on every processor
/// (a C library picks another code path where there are fused multiply-adds). Accurate to about 1e-15 relative in the ranges used here.
/// </summary>
internal static class PortableMath
{
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;

    /// <summary>e to the power of x, |x| below 700.</summary>
    public static double Exp(double x)
    {
        var k = Math.Round(x * 1.4426950408889634);
        var r = (x - (k * Ln2High)) - (k * Ln2Low);
        var sum = 1.0;
        for (var n = 18; n >= 1; n--)
            sum = 1.0 + (r / n * sum);
        return BitConverter.Int64BitsToDouble(((long)k + 1023) << 52) * sum;
    }

    /// <summary>Natural logarithm of a positive, normal number.</summary>
    public static double Log(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52) - 1023;
        var mantissa = BitConverter.Int64BitsToDouble((bits & 0xFFFFFFFFFFFFF) | (1023L << 52));
        if (mantissa > 1.4142135623730951)
        {
            mantissa *= 0.5;
            exponent++;
        }

        var s = (mantissa - 1) / (mantissa + 1);
        var square = s * s;
        var sum = 0.0;
        for (var n = 25; n >= 1; n -= 2)
            sum = (sum * square) + (1.0 / n);
        return (exponent * Ln2High) + ((2 * s * sum) + (exponent * Ln2Low));
    }

    /// <summary>√(−2 ln u) · cos(2πv) for u in (0, 1] and v in [0, 1): a standard normal value, to about 1e-9.</summary>
    public static double BoxMuller(double u, double v) => Math.Sqrt(-2.0 * ShortLog(u)) * CosTurns(v);

    /// <summary>Fewer terms than <see cref="Log"/>: enough for single precision, and several times faster where millions are drawn.</summary>
    private static double ShortLog(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52) - 1023;
        var mantissa = BitConverter.Int64BitsToDouble((bits & 0xFFFFFFFFFFFFF) | (1023L << 52));
        if (mantissa > 1.4142135623730951)
        {
            mantissa *= 0.5;
            exponent++;
        }

        var s = (mantissa - 1) / (mantissa + 1);
        var sum = Polynomial(s * s, [1.0, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13]);
        return (exponent * Ln2High) + ((2 * s * sum) + (exponent * Ln2Low));
    }

    private static double CosTurns(double turns)
    {
        var quarter = (int)Math.Round(turns * 4);
        var x = (turns - (quarter * 0.25)) * (2 * Math.PI);
        var z = x * x;
        var cos = Polynomial(z, [1.0, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800]);
        var sin = x * Polynomial(z, [1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800]);
        return (quarter & 3) switch
        {
            0 => cos,
            1 => -sin,
            2 => -cos,
            _ => sin,
        };
    }

    private static double Polynomial(double x, ReadOnlySpan<double> coefficients)
    {
        var sum = 0.0;
        for (var i = coefficients.Length - 1; i >= 0; i--)
            sum = (sum * x) + coefficients[i];
        return sum;
    }

    /// <summary>x to the power of n.</summary>
    /// <param name="x">Any number.</param>
    /// <param name="n">0 or more.</param>
    public static double Power(double x, long n)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        var power = 1.0;
        for (var square = x; n > 0; n >>= 1, square *= square)
        {
            if ((n & 1) == 1)
                power *= square;
        }

        return power;
    }

    /// <summary>Sine and cosine of an angle in radians.</summary>
    public static (double Sin, double Cos) SinCos(double radians) => SinCosDegrees(radians * (180.0 / Math.PI));

    /// <summary>Sine and cosine of an angle in degrees.</summary>
    public static (double Sin, double Cos) SinCosDegrees(double degrees)
    {
        var quarter = (long)Math.Round(degrees / 90.0);
        var x = (degrees - (quarter * 90.0)) * (Math.PI / 180.0);
        var square = x * x;
        var (sin, cos) = (1.0, 1.0);
        for (var n = 20; n >= 2; n -= 2)
        {
            sin = 1.0 - (sin * square / (n * (n + 1)));
            cos = 1.0 - (cos * square / (n * (n - 1)));
        }

        sin *= x;
        return (quarter & 3) switch
        {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        };
    }
}
