using System.Text.Json.Serialization;

namespace SslOrleans.Contracts.Recipes;

/// <summary>What the cells of a column are.</summary>
public enum ColumnType
{
    /// <summary>Numbers.</summary>
    Numeric,

    /// <summary>One of a few words.</summary>
    Categorical,

    /// <summary>Not looked at: an identifier, a constant.</summary>
    Ignored,
}

/// <summary>A column of a table. What a recipe leaves out is filled in from the training rows when a run is begun, and stays with the run.</summary>
public sealed record ColumnRecipe
{
    /// <summary>As in the table's first line.</summary>
    public string Name { get; init; } = "";

    public ColumnType Type { get; init; }

    /// <summary>Words of a categorical column, in the order of their numbers; others, and none, are missing.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Mean of a numeric column, over the training rows that have a number.</summary>
    public double Mean { get; init; }

    /// <summary>Its standard deviation; 0: not looked at yet.</summary>
    public double StandardDeviation { get; init; }
}

/// <summary>Which columns a table has.</summary>
public sealed record TableRecipe
{
    /// <summary>The column with the classes, which is never trained on; empty: there are none.</summary>
    public string Label { get; init; } = "";

    /// <summary>Columns in the order in which a row has them. Those that are named here keep their type; the others' is inferred.</summary>
    public IReadOnlyList<ColumnRecipe> Columns { get; init; } = [];

    /// <summary>The columns that are looked at.</summary>
    [JsonIgnore]
    public IReadOnlyList<ColumnRecipe> Used => [.. Columns.Where(c => c.Type != ColumnType.Ignored)];
}
