using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Sounds;

/// <summary>Views of a spectrogram: a stretch of time, louder or softer, noisy, with stretches of time and bands of frequency taken out (SpecAugment, Park et al. 2019).</summary>
public static class SpectrogramViews
{
    /// <summary>ln 10 / 10: natural logarithm of power in a decibel.</summary>
    private const double NaturalOfDecibel = 0.23025850929940458;

    /// <summary>Draws a view.</summary>
    /// <param name="spectrogram">Normalised <c>[T, F]</c>.</param>
    /// <param name="sound">Bands and normalisation.</param>
    /// <param name="view">What is drawn.</param>
    /// <param name="silence">What stands behind the end.</param>
    /// <param name="random">Of the sample, epoch and view.</param>
    /// <param name="target"><c>[F, frames]</c>, row-major.</param>
    public static void Draw(float[] spectrogram, SoundRecipe sound, SpectrogramViewRecipe view, float silence, RandomStream random, Span<float> target)
    {
        var room = (spectrogram.Length / sound.Bands) - view.Frames;
        Cut(spectrogram, sound.Bands, room > 0 ? (int)random.NextUInt32((uint)room + 1) : 0, view.Frames, silence, target);
        if (view.Gain > 0)
        {
            var gain = (float)(random.NextSingle(-(float)view.Gain, (float)view.Gain) * NaturalOfDecibel / sound.StandardDeviation);
            for (var i = 0; i < target.Length; i++)
                target[i] = Math.Max(silence, target[i] + gain);
        }

        if (view.Noise > 0)
        {
            for (var i = 0; i < target.Length; i++)
                target[i] += (float)view.Noise * random.NextNormal();
        }

        for (var i = 0; i < view.TimeMasks; i++)
        {
            var (first, width) = Stretch(view.TimeWidth, view.Frames, ref random);
            for (var band = 0; band < sound.Bands; band++)
                target.Slice((band * view.Frames) + first, width).Clear();
        }

        for (var i = 0; i < view.FrequencyMasks; i++)
        {
            var (first, width) = Stretch(view.FrequencyWidth, sound.Bands, ref random);
            target.Slice(first * view.Frames, width * view.Frames).Clear();
        }
    }

    /// <summary>So many frames from a place on, turned to <c>[F, frames]</c>; silence where the sound is over.</summary>
    public static void Cut(float[] spectrogram, int bands, int first, int frames, float silence, Span<float> target)
    {
        for (var band = 0; band < bands; band++)
        {
            for (var frame = 0; frame < frames; frame++)
                target[(band * frames) + frame] = ((first + frame) * bands) + band is var at && at < spectrogram.Length ? spectrogram[at] : silence;
        }
    }

    /// <summary>The middle of a sound.</summary>
    public static void Middle(float[] spectrogram, int bands, int frames, float silence, Span<float> target)
        => Cut(spectrogram, bands, Math.Max(0, ((spectrogram.Length / bands) - frames) / 2), frames, silence, target);

    private static (int First, int Width) Stretch(int most, int length, ref RandomStream random)
    {
        var width = (int)random.NextUInt32((uint)Math.Min(most, length) + 1);
        return ((int)random.NextUInt32((uint)(length - width) + 1), width);
    }
}
