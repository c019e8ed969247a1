namespace SslOrleans.Contracts.Recipes;

/// <summary>A view of a text: its tokens between a mark of the start and one of the end.</summary>
public sealed record TextViewRecipe
{
    /// <summary>L, tokens of a view, both marks included; a longer text is cut, a shorter one filled up.</summary>
    public int Length { get; init; } = 32;
}

/// <summary>A view of a row of a table.</summary>
public sealed record RowViewRecipe
{
    /// <summary>Share of the cells that take the value of another row, drawn from the training rows (SCARF, Bahri et al. 2021: 0.6).</summary>
    public double Corruption { get; init; }
}

/// <summary>What can be refused in views that are no pictures.</summary>
internal static class OtherViewChecks
{
    /// <param name="v">The view.</param>
    /// <param name="where">Its place in the recipe.</param>
    /// <param name="must">Told condition, field, value and mend.</param>
    public static void Check(ViewRecipe v, string where, Action<bool, string, object, string> must)
    {
        must(v.Text.Length is >= 4 and <= 4096, $"{where}.text.length", v.Text.Length, "give 4 to 4096 tokens");
        must(v.Row.Corruption is >= 0 and < 1, $"{where}.row.corruption", v.Row.Corruption, "give a share of the cells from 0 to below 1");
    }
}
