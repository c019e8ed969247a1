using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Sounds;

/// <summary>The discrete Fourier transform of 2ⁿ points, radix 2 in place (Cooley and Tukey 1965), in double precision; the same bits on every processor.</summary>
internal sealed class Fourier
{
    private readonly double[] _cos;
    private readonly double[] _sin;
    private readonly int[] _reversed;

    /// <param name="length">A power of two.</param>
    public Fourier(int length)
    {
        Length = length;
        (_cos, _sin) = (new double[length / 2], new double[length / 2]);
        for (var k = 0; k < length / 2; k++)
            (_sin[k], _cos[k]) = PortableMath.SinCos(-2 * Math.PI * k / length);
        _reversed = new int[length];
        for (var i = 1; i < length; i++)
            _reversed[i] = (_reversed[i >> 1] >> 1) | ((i & 1) * (length >> 1));
    }

    /// <summary>Points.</summary>
    public int Length { get; }

    /// <summary>Replaces a signal by its transform.</summary>
    public void Transform(double[] real, double[] imaginary)
    {
        for (var i = 0; i < Length; i++)
        {
            if (_reversed[i] is var j && j > i)
                (real[i], real[j], imaginary[i], imaginary[j]) = (real[j], real[i], imaginary[j], imaginary[i]);
        }

        for (var half = 1; half < Length; half *= 2)
        {
            var stride = Length / (2 * half);
            for (var start = 0; start < Length; start += 2 * half)
            {
                for (var k = 0; k < half; k++)
                {
                    var (cos, sin) = (_cos[k * stride], _sin[k * stride]);
                    var (a, b) = (start + k, start + k + half);
                    var (r, i) = ((real[b] * cos) - (imaginary[b] * sin), (real[b] * sin) + (imaginary[b] * cos));
                    (real[b], imaginary[b]) = (real[a] - r, imaginary[a] - i);
                    (real[a], imaginary[a]) = (real[a] + r, imaginary[a] + i);
                }
            }
        }
    }
}
