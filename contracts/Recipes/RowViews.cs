namespace SslOrleans.Contracts.Recipes;

/// <summary>How the cells that are replaced are chosen.</summary>
public enum CellChoice
{
    /// <summary>The same number in every row (SCARF).</summary>
    Count,

    /// <summary>Each cell for itself (VIME).</summary>
    Each,

    /// <summary>Each cell for itself, and all of them from one other row (SAINT's CutMix).</summary>
    Row,
}

/// <summary>A view of a row of a table.</summary>
public sealed record RowViewRecipe
{
    /// <summary>Share of the cells that take the value of another training row in the same column (SCARF: 0.6, VIME: 0.3).</summary>
    public double Corruption { get; init; }

    public CellChoice Choice { get; init; }

    /// <summary>Neighbouring groups that the columns are cut into; each of the views keeps one (SubTab: 4). 1: every view has all columns.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Share of the next group that a view keeps too (SubTab: 0.75).</summary>
    public double Overlap { get; init; }
}
