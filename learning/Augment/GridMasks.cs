using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Augment;

/// <summary>Masks over the patches of spectrograms and clips; of a view's mask every sample hides as many. True is hidden.</summary>
public static class GridMasks
{
    /// <summary>Hides patches, columns or rows of a spectrogram.</summary>
    /// <param name="mask">What is hidden.</param>
    /// <param name="rows">Patches along the frequencies.</param>
    /// <param name="columns">Patches along the time.</param>
    /// <param name="random">Of the sample, epoch and view.</param>
    /// <returns>rows · columns, row by row.</returns>
    public static bool[] Draw(SpectrogramMaskRecipe mask, int rows, int columns, RandomStream random)
    {
        var hidden = new bool[rows * columns];
        switch (mask.Kind)
        {
            case SpectrogramMaskKind.None:
                break;
            case SpectrogramMaskKind.Random:
                Choose(hidden, Count(mask.Ratio, hidden.Length), ref random);
                break;
            default:
                var (time, frequency) = (new bool[columns], new bool[rows]);
                if (mask.Kind is SpectrogramMaskKind.Time or SpectrogramMaskKind.Bands)
                    Choose(time, Count(mask.Ratio, columns), ref random);
                if (mask.Kind is SpectrogramMaskKind.Frequency or SpectrogramMaskKind.Bands)
                    Choose(frequency, Count(mask.Ratio, rows), ref random);
                for (var i = 0; i < hidden.Length; i++)
                    hidden[i] = frequency[i / columns] || time[i % columns];
                break;
        }

        return hidden;
    }

    /// <summary>Hides tubes or tubelets of a clip.</summary>
    /// <param name="mask">What is hidden.</param>
    /// <param name="layers">Tubelets along the time.</param>
    /// <param name="places">Tubelets beside each other.</param>
    /// <param name="random">Of the sample, epoch and view.</param>
    /// <returns>layers · places, layer by layer.</returns>
    public static bool[] Draw(ClipMaskRecipe mask, int layers, int places, RandomStream random)
    {
        var hidden = new bool[layers * places];
        if (mask.Kind == ClipMaskKind.None)
            return hidden;
        if (mask.Kind == ClipMaskKind.Random)
        {
            Choose(hidden, Count(mask.Ratio, hidden.Length), ref random);
            return hidden;
        }

        var tube = hidden.AsSpan(0, places);
        Choose(tube, Count(mask.Ratio, places), ref random);
        for (var layer = 1; layer < layers; layer++)
            tube.CopyTo(hidden.AsSpan(layer * places, places));
        return hidden;
    }

    /// <summary>How many of so many are hidden: at least one, and not all.</summary>
    public static int Count(double ratio, int of) => of < 2 ? 0 : Math.Clamp((int)Math.Round(ratio * of, MidpointRounding.AwayFromZero), 1, of - 1);

    /// <summary>So many of them, evenly chosen (Fisher and Yates).</summary>
    private static void Choose(Span<bool> hidden, int count, ref RandomStream random)
    {
        var places = Enumerable.Range(0, hidden.Length).ToArray();
        for (var i = 0; i < count; i++)
        {
            var j = i + (int)random.NextUInt32((uint)(places.Length - i));
            (places[i], places[j]) = (places[j], places[i]);
            hidden[places[i]] = true;
        }
    }
}
