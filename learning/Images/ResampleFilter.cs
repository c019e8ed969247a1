
namespace SslOrleans.Learning.Images;

/// <summary>
/// Taps of one axis of a resize: for each output position the first input position and fixed-point weights, 22 fractional bits,
/// so that a sum of 8-bit values fits 32 bits. The weights are those of PIL's resize: the filter is sampled at pixel centres, cut at the
/// image's edge, normalised in double precision and then rounded.
/// </summary>
internal sealed class ResampleFilter
{
    public const int FractionBits = 22;

    private double[] _weights = [];

    public int[] First { get; private set; } = [];

    public int[] Taps { get; private set; } = [];

    public int[] Coefficients { get; private set; } = [];

    /// <summary>Coefficients of output position i begin at i · Stride.</summary>
    public int Stride { get; private set; }

    public int Outputs { get; private set; }

    /// <summary>Prepares the taps for resizing <paramref name="inputs"/> pixels to <paramref name="outputs"/>.</summary>
    public void Prepare(int inputs, int outputs, Interpolation interpolation, bool antialias)
    {
        var scale = (double)inputs / outputs;
        var widening = antialias ? Math.Max(scale, 1.0) : 1.0;
        var support = (interpolation == Interpolation.Bilinear ? 1.0 : 2.0) * widening;
        Stride = ((int)Math.Ceiling(support) * 2) + 1;
        Outputs = outputs;
        if (First.Length < outputs)
            (First, Taps) = (new int[outputs], new int[outputs]);
        if (Coefficients.Length < outputs * Stride)
            Coefficients = new int[outputs * Stride];
        if (_weights.Length < Stride)
            _weights = new double[Stride];
        for (var i = 0; i < outputs; i++)
            PrepareOne(i, inputs, (i + 0.5) * scale, support, 1.0 / widening, interpolation);
    }

    private void PrepareOne(int output, int inputs, double center, double support, double step, Interpolation interpolation)
    {
        var first = Math.Max((int)(center - support + 0.5), 0);
        var taps = Math.Min((int)(center + support + 0.5), inputs) - first;
        var sum = 0.0;
        for (var k = 0; k < taps; k++)
        {
            var x = Math.Abs((k + first - center + 0.5) * step);
            var weight = interpolation == Interpolation.Bilinear ? Triangle(x) : Cubic(x);
            _weights[k] = weight;
            sum += weight;
        }

        for (var k = 0; k < taps; k++)
        {
            var weight = sum != 0 ? _weights[k] / sum : _weights[k];
            Coefficients[(output * Stride) + k] = (int)((weight < 0 ? -0.5 : 0.5) + (weight * (1 << FractionBits)));
        }

        First[output] = first;
        Taps[output] = taps;
    }

    private static double Triangle(double x) => x < 1.0 ? 1.0 - x : 0.0;

    private static double Cubic(double x)
    {
        const double A = -0.5;
        return x < 1.0 ? ((((A + 2.0) * x) - (A + 3.0)) * x * x) + 1
            : x < 2.0 ? ((((x - 5) * x) + 8) * x - 4) * A
            : 0.0;
    }
}
