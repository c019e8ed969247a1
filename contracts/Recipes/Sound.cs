namespace SslOrleans.Contracts.Recipes;

/// <summary>Whose mel scale and filters.</summary>
public enum MelScale
{
    /// <summary>2595·log₁₀(1 + f/700), triangles of height 1 (torchaudio's default).</summary>
    Htk,

    /// <summary>Linear below 1 kHz and logarithmic above, triangles of equal area (librosa's default).</summary>
    Slaney,
}

/// <summary>How sounds become log-mel spectrograms.</summary>
public sealed record SoundRecipe
{
    /// <summary>Samples a second; sounds of another rate are resampled.</summary>
    public int Rate { get; init; } = 16_000;

    /// <summary>Samples of a periodic Hann window.</summary>
    public int Window { get; init; } = 400;

    /// <summary>Samples from one frame to the next.</summary>
    public int Hop { get; init; } = 160;

    /// <summary>F, mel bands.</summary>
    public int Bands { get; init; } = 64;

    /// <summary>Hertz at the lower end of the first band.</summary>
    public double Lowest { get; init; } = 60;

    /// <summary>Hertz at the upper end of the last band; 0: half the rate.</summary>
    public double Highest { get; init; }

    public MelScale Scale { get; init; }

    /// <summary>Subtracted from ln(power + 10⁻⁶); <c>sslo data inspect</c> measures a set's.</summary>
    public double Mean { get; init; } = -6;

    /// <summary>What the difference is divided by.</summary>
    public double StandardDeviation { get; init; } = 4;

    /// <summary>Hertz at the upper end of the last band.</summary>
    public double Top => Highest > 0 ? Highest : Rate / 2.0;
}

/// <summary>Which patches of a spectrogram are hidden.</summary>
public enum SpectrogramMaskKind
{
    None,

    /// <summary>Each patch alone.</summary>
    Random,

    /// <summary>Whole columns: stretches of time.</summary>
    Time,

    /// <summary>Whole rows: bands of frequency.</summary>
    Frequency,

    /// <summary>Columns and rows.</summary>
    Bands,
}

/// <summary>The mask of a spectrogram's patches, of the same number in every sound.</summary>
public sealed record SpectrogramMaskRecipe
{
    public SpectrogramMaskKind Kind { get; init; }

    /// <summary>Share of the patches, columns or rows (Audio-MAE: 0.8); of <c>bands</c> that of the columns and that of the rows.</summary>
    public double Ratio { get; init; } = 0.8;
}

/// <summary>A view of a sound: a stretch of its spectrogram.</summary>
public sealed record SpectrogramViewRecipe
{
    /// <summary>T, frames of a view; where a sound has fewer, silence follows.</summary>
    public int Frames { get; init; } = 96;

    /// <summary>Greatest change of loudness in decibels, drawn evenly in both directions.</summary>
    public double Gain { get; init; }

    /// <summary>Deviation of normal noise on the normalised spectrogram.</summary>
    public double Noise { get; init; }

    /// <summary>Stretches of time that take the mean value (SpecAugment: 2).</summary>
    public int TimeMasks { get; init; }

    /// <summary>Most frames of such a stretch.</summary>
    public int TimeWidth { get; init; } = 16;

    /// <summary>Stretches of frequency that take the mean value (SpecAugment: 2).</summary>
    public int FrequencyMasks { get; init; }

    /// <summary>Most bands of such a stretch.</summary>
    public int FrequencyWidth { get; init; } = 8;

    /// <summary>Patches that a masked method hides.</summary>
    public SpectrogramMaskRecipe Mask { get; init; } = new();
}
