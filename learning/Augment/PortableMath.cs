namespace SslOrleans.Learning.Augment;

/// <summary>
/// exp, log, sin and cos from additions, multiplications and divisions alone, so that a view has the same bits on every processor
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
