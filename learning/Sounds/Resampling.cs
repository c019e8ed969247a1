using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Sounds;

/// <summary>
/// Another sampling rate by a windowed sinc, as torchaudio's <c>resample</c> has it (sinc_interp_hann: width 6, roll-off 0.99); the same bits on every processor.
/// </summary>
public static class Resampling
{
    private const int Width = 6;
    private const double RollOff = 0.99;

    /// <param name="samples">The sound.</param>
    /// <param name="from">Its rate.</param>
    /// <param name="to">The rate that is wanted.</param>
    /// <returns>⌈n · to / from⌉ samples.</returns>
    public static float[] Resample(float[] samples, int from, int to)
    {
        if (from == to)
            return samples;
        var common = Common(from, to);
        var (own, wanted) = (from / common, to / common);
        var cutoff = Math.Min(own, wanted) * RollOff;
        var reach = (int)Math.Ceiling(Width * own / cutoff);

        // One kernel for each of the phases that an output sample can have among the input's.
        var taps = (2 * reach) + own;
        var kernels = new double[wanted * taps];
        for (var phase = 0; phase < wanted; phase++)
        {
            for (var tap = 0; tap < taps; tap++)
                kernels[(phase * taps) + tap] = Kernel(((double)(tap - reach) / own) - ((double)phase / wanted), cutoff) * cutoff / own;
        }

        var found = new float[(int)(((long)samples.Length * wanted + own - 1) / own)];
        for (var i = 0; i < found.Length; i++)
        {
            var (block, phase) = (i / wanted, i % wanted);
            var (start, sum) = ((block * own) - reach, 0.0);
            for (var tap = Math.Max(0, -start); tap < taps && start + tap < samples.Length; tap++)
                sum += kernels[(phase * taps) + tap] * samples[start + tap];
            found[i] = (float)sum;
        }

        return found;
    }

    /// <summary>sinc(c·t) · cos²(π·c·t / 2·width), 0 beyond the width.</summary>
    private static double Kernel(double time, double cutoff)
    {
        var t = Math.Clamp(time * cutoff, -Width, Width);
        var cos = PortableMath.SinCos(t * Math.PI / Width / 2).Cos;
        return t == 0 ? 1 : cos * cos * PortableMath.SinCos(t * Math.PI).Sin / (t * Math.PI);
    }

    private static int Common(int a, int b) => b == 0 ? a : Common(b, a % b);
}
