namespace SslOrleans.Contracts.Recipes;

/// <summary>What a sample of the data is; in recipes <c>image</c>, <c>text-image</c>, <c>text</c>, <c>table</c>, <c>audio</c>, <c>video</c>.</summary>
public enum Modality
{
    /// <summary>A picture.</summary>
    Image,

    /// <summary>A picture with a caption.</summary>
    TextImage,

    /// <summary>A line of text.</summary>
    Text,

    /// <summary>A row of a table.</summary>
    Table,

    /// <summary>A sound.</summary>
    Audio,

    /// <summary>Frames in order of time.</summary>
    Video,
}

/// <summary>What a view is; each kind has settings of its own, and those of another kind are refused.</summary>
public enum ViewKind
{
    /// <summary>Normalised pixels <c>[b, 3, S, S]</c>.</summary>
    Image,

    /// <summary>Tokens <c>[b, L]</c>, int64.</summary>
    Text,

    /// <summary>Cells of a row <c>[b, C]</c>, with a mask of those that are missing.</summary>
    Row,

    /// <summary>A log-mel spectrogram <c>[b, 1, F, T]</c>.</summary>
    Spectrogram,

    /// <summary>Frames <c>[b, T, 3, S, S]</c>.</summary>
    Clip,
}
