using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Data.Tables;

/// <summary>Infers what a table's columns are, says it, and keeps to what a recipe says.</summary>
public static class TableColumns
{
    /// <summary>Share of the cells with a value that must be numbers for a column to be numeric.</summary>
    private const double MostlyNumbers = 0.9;

    /// <summary>More different words than this, or than half of the rows, are no categories.</summary>
    private const int MostWords = 256;

    /// <summary>The recipe with all of its columns described; as it is when they are described already.</summary>
    /// <param name="recipe">Of modality table.</param>
    /// <param name="files">The place of the table; disposed.</param>
    /// <exception cref="UserErrorException">The table is not there, or does not fit the recipe.</exception>
    public static Recipe Described(Recipe recipe, Func<IDataFiles> files)
    {
        if (recipe.Data.Modality != Modality.Table || recipe.Table.Columns.Any(c => c.Words.Count > 0 || c.StandardDeviation > 0))
            return recipe;
        using var place = files();
        var table = CsvTable.Read(place, recipe.Data.Split, recipe.Data.Limit);
        return recipe with { Table = recipe.Table with { Columns = Of(table, recipe) } };
    }

    /// <summary>What is told of columns when a run begins, one sentence each.</summary>
    public static IEnumerable<string> Notes(CsvTable table, TableRecipe recipe)
    {
        string Names(ColumnType type) => string.Join(", ", recipe.Columns.Where(c => c.Type == type).Select(c => c.Name));
        yield return $"columns: numeric {(Names(ColumnType.Numeric) is { Length: > 0 } n ? n : "none")}; categorical {(Names(ColumnType.Categorical) is { Length: > 0 } c ? c : "none")}; "
            + $"ignored {(Names(ColumnType.Ignored) is { Length: > 0 } i ? i : "none")}{(recipe.Label.Length > 0 ? $"; label {recipe.Label}" : "")} (table.columns in a recipe changes it)";
        foreach (var column in recipe.Columns.Where(c => c.Type == ColumnType.Numeric))
        {
            var at = table.Columns.ToList().IndexOf(column.Name);
            var odd = table.Rows.Index().Where(r => !CsvTable.IsMissing(r.Item[at]) && CsvTable.Number(r.Item[at]) is null).ToList();
            if (odd.Count > 0)
                yield return $"column \"{column.Name}\": {odd.Count} of {table.Rows.Count} cells are no numbers and count as missing (the first: \"{odd[0].Item[at]}\" in row {odd[0].Index + 1})";
        }
    }

    private static List<ColumnRecipe> Of(CsvTable table, Recipe recipe)
    {
        var said = recipe.Table.Columns;
        if (said.FirstOrDefault(c => !table.Columns.Contains(c.Name)) is { } unknown)
            throw Refused(recipe, $"table.columns names \"{unknown.Name}\"", unknown.Name, table);
        if (recipe.Table.Label.Length > 0 && !table.Columns.Contains(recipe.Table.Label))
            throw Refused(recipe, $"table.label is \"{recipe.Table.Label}\"", recipe.Table.Label, table);
        var columns = new List<ColumnRecipe>();
        for (var c = 0; c < table.Columns.Count; c++)
        {
            var name = table.Columns[c];
            if (name != recipe.Table.Label)
                columns.Add(Describe(table, c, said.FirstOrDefault(s => s.Name == name)?.Type));
        }

        return columns.Any(c => c.Type != ColumnType.Ignored)
            ? columns
            : throw new UserErrorException($"{recipe.Name}: {table.Location} has no column to learn from: each has one value, or a different text in every row; give table.columns their types.");
    }

    private static ColumnRecipe Describe(CsvTable table, int index, ColumnType? said)
    {
        var cells = table.Rows.Select(r => r[index]).Where(v => !CsvTable.IsMissing(v)).ToList();
        var numbers = cells.Select(CsvTable.Number).OfType<double>().ToList();
        var type = said ?? (cells.Count > 0 && numbers.Count >= MostlyNumbers * cells.Count ? ColumnType.Numeric : ColumnType.Categorical);
        var name = table.Columns[index];
        if (type == ColumnType.Numeric)
        {
            var mean = numbers.Count == 0 ? 0 : numbers.Sum() / numbers.Count;
            var variance = numbers.Count == 0 ? 0 : numbers.Sum(n => (n - mean) * (n - mean)) / numbers.Count;
            return variance > 0
                ? new ColumnRecipe { Name = name, Mean = mean, StandardDeviation = Math.Sqrt(variance) }
                : new ColumnRecipe { Name = name, Type = ColumnType.Ignored };
        }

        string[] words = [.. cells.Distinct().Order(StringComparer.Ordinal)];
        var few = said == ColumnType.Categorical || (words.Length is > 1 and <= MostWords && words.Length <= Math.Max(2, cells.Count / 2));
        return type == ColumnType.Categorical && few && words.Length > 0
            ? new ColumnRecipe { Name = name, Type = ColumnType.Categorical, Words = words }
            : new ColumnRecipe { Name = name, Type = ColumnType.Ignored };
    }

    private static UserErrorException Refused(Recipe recipe, string what, string written, CsvTable table)
        => new($"{recipe.Name}: {what}, and {table.Location} has no such column;{RecipeKeys.Hint(written, table.Columns)} it has {string.Join(", ", table.Columns.Take(20))}.");
}
