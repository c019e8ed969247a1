using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Sounds;

/// <summary>Log-mel spectrograms: power of the windowed transform, in mel bands, as logarithm; the same bits on every processor. Thread-safe.</summary>
public sealed class MelSpectrogram
{
    /// <summary>Added to the power before its logarithm.</summary>
    public const double Floor = 1e-6;

    private readonly SoundRecipe _recipe;
    private readonly double[] _window;
    private readonly Fourier _fourier;
    private readonly (int First, double[] Weights)[] _filters;

    /// <param name="recipe">Rate, frames and bands.</param>
    public MelSpectrogram(SoundRecipe recipe)
    {
        _recipe = recipe;
        _window = [.. Enumerable.Range(0, recipe.Window).Select(i => 0.5 - (0.5 * PortableMath.SinCos(2 * Math.PI * i / recipe.Window).Cos))];
        _fourier = new Fourier((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)recipe.Window));
        _filters = [.. Filters(recipe, _fourier.Length).Select(Compact)];
    }

    /// <summary>Frames of a sound of so many samples; 0 where it is shorter than a window.</summary>
    public int Frames(int samples) => samples < _recipe.Window ? 0 : 1 + ((samples - _recipe.Window) / _recipe.Hop);

    /// <summary>The value of silence, normalised.</summary>
    public float Silence => Normalized(0);

    /// <summary>A sound as a normalised spectrogram <c>[T, F]</c>, row-major, of <see cref="Frames"/> frames, or of one where it is shorter than a window.</summary>
    /// <param name="samples">At the recipe's rate.</param>
    public float[] Of(float[] samples)
    {
        var frames = Math.Max(1, Frames(samples.Length));
        var found = new float[frames * _recipe.Bands];
        var (real, imaginary, power) = (new double[_fourier.Length], new double[_fourier.Length], new double[(_fourier.Length / 2) + 1]);
        for (var frame = 0; frame < frames; frame++)
        {
            Array.Clear(real);
            Array.Clear(imaginary);
            for (var i = 0; i < _window.Length && (frame * _recipe.Hop) + i < samples.Length; i++)
                real[i] = _window[i] * samples[(frame * _recipe.Hop) + i];
            _fourier.Transform(real, imaginary);
            for (var k = 0; k < power.Length; k++)
                power[k] = (real[k] * real[k]) + (imaginary[k] * imaginary[k]);
            for (var band = 0; band < _filters.Length; band++)
            {
                var (first, weights) = _filters[band];
                var sum = 0.0;
                for (var k = 0; k < weights.Length; k++)
                    sum += weights[k] * power[first + k];
                found[(frame * _recipe.Bands) + band] = Normalized(sum);
            }
        }

        return found;
    }

    /// <summary>Weights of the bands <c>[F, transform / 2 + 1]</c>: triangles whose corners lie evenly on the mel scale.</summary>
    /// <param name="recipe">Bands, their ends and whose they are.</param>
    /// <param name="transform">Points of the transform.</param>
    public static double[][] Filters(SoundRecipe recipe, int transform)
    {
        var (low, high) = (Mel(recipe.Lowest, recipe.Scale), Mel(recipe.Top, recipe.Scale));
        var corners = Enumerable.Range(0, recipe.Bands + 2).Select(i => Hertz(low + ((high - low) * i / (recipe.Bands + 1)), recipe.Scale)).ToArray();
        return [.. Enumerable.Range(0, recipe.Bands).Select(band =>
        {
            var (left, middle, right) = (corners[band], corners[band + 1], corners[band + 2]);
            var area = recipe.Scale == MelScale.Slaney ? 2 / (right - left) : 1;
            return Enumerable.Range(0, (transform / 2) + 1).Select(k =>
            {
                var f = (double)k * recipe.Rate / transform;
                return area * Math.Max(0, Math.Min((f - left) / (middle - left), (right - f) / (right - middle)));
            }).ToArray();
        })];
    }

    /// <summary>Hertz on a mel scale.</summary>
    public static double Mel(double hertz, MelScale scale) => scale == MelScale.Htk
        ? 2595 / PortableMath.Log(10) * PortableMath.Log(1 + (hertz / 700))
        : hertz < 1000 ? hertz * 3 / 200 : 15 + (27 * PortableMath.Log(hertz / 1000) / PortableMath.Log(6.4));

    private static double Hertz(double mel, MelScale scale) => scale == MelScale.Htk
        ? 700 * (PortableMath.Exp(mel * PortableMath.Log(10) / 2595) - 1)
        : mel < 15 ? mel * 200 / 3 : 1000 * PortableMath.Exp((mel - 15) * PortableMath.Log(6.4) / 27);

    private float Normalized(double power) => (float)((PortableMath.Log(power + Floor) - _recipe.Mean) / _recipe.StandardDeviation);

    /// <summary>The part of a band's weights that is not 0.</summary>
    private static (int First, double[] Weights) Compact(double[] weights)
    {
        var first = Array.FindIndex(weights, w => w > 0);
        return first < 0 ? (0, []) : (first, weights[first..(Array.FindLastIndex(weights, w => w > 0) + 1)]);
    }
}
