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
        must(v.Text.Length is >= 4 and <= 4096, $"{where}.text.length", v.Text.Length, "give 4 to 4096 tokens");
        must(v.Text.Mask is >= 0 and < 1, $"{where}.text.mask", v.Text.Mask, "give a share of the tokens from 0 to below 1");
        must(v.Row.Corruption is >= 0 and < 1, $"{where}.row.corruption", v.Row.Corruption, "give a share of the cells from 0 to below 1");
        must(v.Row.Groups >= 1, $"{where}.row.groups", v.Row.Groups, "give at least 1");
        must(v.Row.Overlap is >= 0 and <= 1, $"{where}.row.overlap", v.Row.Overlap, "give a share from 0 to 1");
    }
}
