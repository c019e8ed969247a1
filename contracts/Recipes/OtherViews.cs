namespace SslOrleans.Contracts.Recipes;

/// <summary>A view of a text: its tokens between a mark of the start and one of the end.</summary>
public sealed record TextViewRecipe
{
    /// <summary>L, tokens of a view, both marks included; a longer text is cut, a shorter one filled up.</summary>
    public int Length { get; init; } = 32;

    /// <summary>Share of the tokens between the marks that are hidden, at least one (BERT: 0.15); 0: none. Of text alone.</summary>
    public double Mask { get; init; }
}

/// <summary>What can be refused in views that are no pictures.</summary>
internal static class OtherViewChecks
{
    /// <param name="v">The view.</param>
    /// <param name="where">Its place in the recipe.</param>
    /// <param name="must">Told condition, field, value and mend.</param>
    public static void Check(ViewRecipe v, string where, Action<bool, string, object, string> must)
    {
        CheckSpectrogram(v.Spectrogram, where, must);
        must(v.Clip.Frames >= 1, $"{where}.clip.frames", v.Clip.Frames, "give at least 1");
        must(v.Clip.Stride >= 1, $"{where}.clip.stride", v.Clip.Stride, "give at least 1 frame");
        must(v.Clip.Mask.Ratio is > 0 and < 1, $"{where}.clip.mask.ratio", v.Clip.Mask.Ratio, "give a share between 0 and 1");
        must(v.Text.Length is >= 4 and <= 4096, $"{where}.text.length", v.Text.Length, "give 4 to 4096 tokens");
        must(v.Text.Mask is >= 0 and < 1, $"{where}.text.mask", v.Text.Mask, "give a share of the tokens from 0 to below 1");
        must(v.Row.Corruption is >= 0 and < 1, $"{where}.row.corruption", v.Row.Corruption, "give a share of the cells from 0 to below 1");
        must(v.Row.Groups >= 1, $"{where}.row.groups", v.Row.Groups, "give at least 1");
        must(v.Row.Overlap is >= 0 and <= 1, $"{where}.row.overlap", v.Row.Overlap, "give a share from 0 to 1");
    }

    /// <summary>How sounds become spectrograms.</summary>
    public static void Check(SoundRecipe s, Action<bool, string, object, string> must)
    {
        must(s.Rate is >= 1000 and <= 384_000, "sound.rate", s.Rate, "give 1,000 to 384,000 samples a second");
        must(s.Window is >= 8 and <= 65_536, "sound.window", s.Window, "give 8 to 65,536 samples");
        must(s.Hop >= 1 && s.Hop <= s.Window, "sound.hop", s.Hop, $"give 1 to sound.window ({s.Window}) samples");
        must(s.Bands is >= 1 and <= 1024, "sound.bands", s.Bands, "give 1 to 1,024 bands");
        must(s.Lowest >= 0 && s.Lowest < s.Top, "sound.lowest", s.Lowest, $"give a frequency from 0 to below sound.highest ({s.Top})");
        must(s.Top <= s.Rate / 2.0, "sound.highest", s.Highest, $"give at most half of sound.rate ({s.Rate / 2.0}), or 0 for that");
        must(s.StandardDeviation > 0, "sound.standardDeviation", s.StandardDeviation, "give a number above 0");
    }

    private static void CheckSpectrogram(SpectrogramViewRecipe s, string where, Action<bool, string, object, string> must)
    {
        must(s.Frames >= 1, $"{where}.spectrogram.frames", s.Frames, "give at least 1");
        foreach (var (name, value) in new (string, double)[] { ("gain", s.Gain), ("noise", s.Noise), ("timeMasks", s.TimeMasks), ("frequencyMasks", s.FrequencyMasks) })
            must(value >= 0, $"{where}.spectrogram.{name}", value, "give 0 or more");
        must(s.TimeWidth >= 1, $"{where}.spectrogram.timeWidth", s.TimeWidth, "give at least 1 frame");
        must(s.FrequencyWidth >= 1, $"{where}.spectrogram.frequencyWidth", s.FrequencyWidth, "give at least 1 band");
        must(s.Mask.Ratio is > 0 and < 1, $"{where}.spectrogram.mask.ratio", s.Mask.Ratio, "give a share between 0 and 1");
    }
}
