using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Data.Tables;

/// <summary>
/// A table's rows as numbers <c>[N, C]</c>, C the columns that are looked at: numeric cells less the mean over the deviation, categorical ones the number of their
/// word; NaN where a cell is missing, or its word is none of the column's.
/// </summary>
public sealed class TableRows
{
    private readonly float[] _cells;

    /// <param name="table">The texts.</param>
    /// <param name="recipe">All columns described.</param>
    /// <param name="classes">Names of the classes; null: those of this table.</param>
    /// <exception cref="UserErrorException">A column is not there.</exception>
    public TableRows(CsvTable table, TableRecipe recipe, IReadOnlyList<string>? classes = null)
    {
        var used = recipe.Used;
        (Count, Columns) = (table.Rows.Count, used.Count);
        _cells = new float[Count * Columns];
        var names = table.Columns.ToList();
        for (var c = 0; c < Columns; c++)
        {
            var at = names.IndexOf(used[c].Name);
            if (at < 0)
                throw new UserErrorException($"{table.Location} has no column \"{used[c].Name}\", which the run was begun with; bring the same columns back.") { Reason = RefusalReason.Data };
            var words = used[c].Words.Index().ToDictionary(w => w.Item, w => (float)w.Index, StringComparer.Ordinal);
            for (var row = 0; row < Count; row++)
                _cells[(row * Columns) + c] = Cell(table.Rows[row][at], used[c], words);
        }

        var label = names.IndexOf(recipe.Label);
        Classes = classes ?? (label < 0 ? [] : [.. table.Rows.Select(r => r[label]).Where(v => !CsvTable.IsMissing(v)).Distinct().Order(StringComparer.Ordinal)]);
        var known = Classes.Index().ToDictionary(c => c.Item, c => c.Index, StringComparer.Ordinal);
        Labels = label < 0 ? null : [.. table.Rows.Select(r => known.TryGetValue(r[label], out var number) ? number : -1)];
    }

    /// <summary>N.</summary>
    public int Count { get; }

    /// <summary>C.</summary>
    public int Columns { get; }

    /// <summary>Names of the classes in label order.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Class of each row, −1 where it has none; null without a label column.</summary>
    public IReadOnlyList<int>? Labels { get; }

    /// <summary>The cells of a row.</summary>
    public ReadOnlySpan<float> this[int row] => _cells.AsSpan(row * Columns, Columns);

    private static float Cell(string text, ColumnRecipe column, Dictionary<string, float> words)
        => column.Type == ColumnType.Categorical
            ? words.GetValueOrDefault(text, float.NaN)
            : CsvTable.Number(text) is { } number ? (float)((number - column.Mean) / column.StandardDeviation) : float.NaN;
}
