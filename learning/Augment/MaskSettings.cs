namespace SslOrleans.Learning.Augment;

/// <summary>How patches are chosen to be hidden.</summary>
public enum MaskKind
{
    /// <summary>Each patch alone, a fixed number of them (MAE, MSN).</summary>
    Random,

    /// <summary>Square cells of several patches, a fixed number of them (SimMIM).</summary>
    Cells,

    /// <summary>Rectangles of random size and shape until the number is reached (BEiT, iBOT).</summary>
    Blocks,

    /// <summary>Rectangles of 15 to 20 % of the patches (I-JEPA's targets) until the number is reached; the last one is cut short.</summary>
    TargetBlocks,

    /// <summary>The same number in every window of the grid (cookbook §3.7: equal hidden amount per local window; Li et al. 2022).</summary>
    Uniform,

    /// <summary>One centred square (context encoder).</summary>
    Center,
}

/// <summary>A mask over the patches of a view.</summary>
public sealed record MaskSettings
{
    /// <summary>Which pattern.</summary>
    public required MaskKind Kind { get; init; }

    /// <summary>Patches along a side of the view: size / patch size.</summary>
    public required int Grid { get; init; }

    /// <summary>Least share of hidden patches (MAE 0.75, SimMIM 0.6, iBOT 0.1).</summary>
    public float RatioMin { get; init; } = 0.75f;

    /// <summary>Greatest share; the share is drawn uniformly between them (iBOT 0.5).</summary>
    public float RatioMax { get; init; } = 0.75f;

    /// <summary>Share of the views that are masked at all (iBOT 0.5); the others hide nothing.</summary>
    public float Probability { get; init; } = 1f;

    /// <summary><see cref="MaskKind.Cells"/>: side of a cell; <see cref="MaskKind.Uniform"/>: side of a window; in patches, dividing Grid.</summary>
    public int CellSize { get; init; } = 2;

    /// <summary><see cref="MaskKind.Blocks"/>: fewest patches of one rectangle.</summary>
    public int BlockMin { get; init; } = 4;

    /// <summary><see cref="MaskKind.Blocks"/>: least height / width; the greatest is its inverse.</summary>
    public float BlockRatioMin { get; init; } = 0.3f;

    /// <summary>MAE's.</summary>
    public static MaskSettings Mae(int grid, float ratio = 0.75f) => new() { Kind = MaskKind.Random, Grid = grid, RatioMin = ratio, RatioMax = ratio };

    /// <summary>SimMIM's: cells of 32 pixels, 60 % hidden.</summary>
    public static MaskSettings SimMim(int grid, int cellSize, float ratio = 0.6f) =>
        new() { Kind = MaskKind.Cells, Grid = grid, CellSize = cellSize, RatioMin = ratio, RatioMax = ratio };

    /// <summary>iBOT's: half of the views, 10 to 50 % in blocks.</summary>
    public static MaskSettings Ibot(int grid) =>
        new() { Kind = MaskKind.Blocks, Grid = grid, RatioMin = 0.1f, RatioMax = 0.5f, Probability = 0.5f };

    /// <summary>Uniform masking: ratio · CellSize² patches of each window.</summary>
    public static MaskSettings Uniform(int grid, int window = 2, float ratio = 0.75f) =>
        new() { Kind = MaskKind.Uniform, Grid = grid, CellSize = window, RatioMin = ratio, RatioMax = ratio };
}

/// <summary>I-JEPA's blocks (Assran et al., CVPR 2023).</summary>
public sealed record JepaSettings
{
    /// <summary>Patches along a side of the view.</summary>
    public required int Grid { get; init; }

    /// <summary>Target blocks.</summary>
    public int Targets { get; init; } = 4;

    /// <summary>Least area share of a target block.</summary>
    public float TargetScaleMin { get; init; } = 0.15f;

    /// <summary>Greatest area share of a target block.</summary>
    public float TargetScaleMax { get; init; } = 0.2f;

    /// <summary>Least height / width of a target block.</summary>
    public float TargetRatioMin { get; init; } = 0.75f;

    /// <summary>Greatest height / width of a target block.</summary>
    public float TargetRatioMax { get; init; } = 1.5f;

    /// <summary>Least area share of the square context block, before the targets are cut out.</summary>
    public float ContextScaleMin { get; init; } = 0.85f;

    /// <summary>Greatest area share of the context block.</summary>
    public float ContextScaleMax { get; init; } = 1f;

    /// <summary>Fewest context patches that are left over; on small grids a quarter of the patches. Otherwise the blocks are placed again.</summary>
    public int ContextMin { get; init; } = 10;
}
