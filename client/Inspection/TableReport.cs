using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Data;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Data.Tables;

namespace SslOrleans.Client.Inspection;

/// <summary>A column of a table as <c>data inspect</c> shows it.</summary>
/// <param name="Name">As in the first line.</param>
/// <param name="Type">What it is taken for.</param>
/// <param name="Missing">Cells without a value.</param>
/// <param name="What">Range, or words.</param>
public sealed record ColumnReport(string Name, string Type, int Missing, string What);

/// <summary>What is in one split of a table.</summary>
public sealed record TableReport(string Split, int Rows, IReadOnlyList<ColumnReport> Columns, string Fingerprint, IReadOnlyList<string> Notes)
{
    private const int Words = 6;

    /// <summary>A table lies there, and nothing that is read before one.</summary>
    public static bool IsTable(string path)
    {
        if (DataLocations.IsContainer(path))
            return false;
        return Path.GetExtension(path).ToLowerInvariant() is ".csv" or ".tsv"
            || (Directory.Exists(path) && Directory.EnumerateFiles(path).Any(f => Path.GetExtension(f).ToLowerInvariant() is ".csv" or ".tsv") && !Directory.EnumerateFiles(path).Any(f => Path.GetExtension(f).ToLowerInvariant() is ".tar" or ".sslpack" or ".jpg" or ".jpeg" or ".png" or ".tif" or ".tiff" or ".bin" or ".gz" or ".tgz"));
    }

    /// <summary>Reports of the training split and of what is held out.</summary>
    /// <exception cref="Contracts.UserErrorException">Nothing readable is there.</exception>
    public static IEnumerable<TableReport> Of(string path, string? split)
    {
        var recipe = new Recipe { Name = path, Data = new DataRecipe { Modality = Modality.Table } };
        var columns = TableColumns.Described(recipe, () => new FolderFiles(path)).Table.Columns;
        foreach (var name in split is null ? ["train", "test"] : new[] { split })
        {
            using var files = new FolderFiles(path);
            CsvTable table;
            try
            {
                table = CsvTable.Read(files, name);
            }
            catch (Contracts.UserErrorException) when (name == "test" && split is null)
            {
                continue;
            }

            yield return new TableReport(name, table.Rows.Count, [.. columns.Select(c => Of(table, c))], table.Fingerprint, [.. table.Notes, .. TableColumns.Notes(table, new TableRecipe { Columns = columns }).Skip(1)]);
        }
    }

    private static ColumnReport Of(CsvTable table, ColumnRecipe column)
    {
        var at = table.Columns.ToList().IndexOf(column.Name);
        var cells = table.Rows.Select(r => r[at]).Where(c => !CsvTable.IsMissing(c)).ToList();
        var what = column.Type switch
        {
            ColumnType.Numeric => cells.Select(CsvTable.Number).OfType<double>().ToList() is { Count: > 0 } n ? FormattableString.Invariant($"{n.Min():G4} to {n.Max():G4}") : "no number",
            ColumnType.Categorical => $"{column.Words.Count} words: {string.Join(", ", column.Words.Take(Words))}{(column.Words.Count > Words ? ", …" : "")}",
            _ => cells.Distinct().Count() <= 1 ? "one value" : "a different text in most rows",
        };
        return new ColumnReport(column.Name, ViewKinds.Name(column.Type), table.Rows.Count - cells.Count, what);
    }
}
