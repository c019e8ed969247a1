namespace SslOrleans.Contracts.Recipes;

/// <summary>Which patches of a clip are hidden.</summary>
public enum ClipMaskKind
{
    None,

    /// <summary>The same places of all frames (VideoMAE).</summary>
    Tube,

    /// <summary>Each tubelet alone (MAE-ST).</summary>
    Random,
}

/// <summary>The mask of a clip's tubelets, of the same number in every clip.</summary>
public sealed record ClipMaskRecipe
{
    public ClipMaskKind Kind { get; init; }

    /// <summary>Share of the places, or of the tubelets (VideoMAE, MAE-ST: 0.9).</summary>
    public double Ratio { get; init; } = 0.9;
}

/// <summary>A view of a video: frames in equal distances, from a start that is drawn. The keys of images describe what is done to each, with the same draws for all frames.</summary>
public sealed record ClipViewRecipe
{
    /// <summary>T, frames of a view; where the video ends before, its last frame is repeated.</summary>
    public int Frames { get; init; } = 8;

    /// <summary>Frames of the video from one to the next.</summary>
    public int Stride { get; init; } = 1;

    /// <summary>Tubelets that a masked method hides.</summary>
    public ClipMaskRecipe Mask { get; init; } = new();
}
