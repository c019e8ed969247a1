using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using nietras.SeparatedValues;
using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data.Tables;

/// <summary>
/// The cells of one split of a table as texts: CSV files with the same columns, one after the other (RFC 4180; the separator is the header's). Files whose name holds a split's name as a
/// word are of that split; where none does, every fifth row is held out as the test split.
/// </summary>
public sealed class CsvTable
{
    private const int HeldOut = 5;

    private static readonly string[] s_missing = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"];

    private readonly List<string[]> _rows = [];

    private CsvTable(string location, string[] columns) => (Location, Columns) = (location, columns);

    /// <summary>The place, for messages.</summary>
    public string Location { get; }

    /// <summary>Names, in the order of the first file.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Rows, in the order of the files; cells in the order of <see cref="Columns"/>.</summary>
    public IReadOnlyList<string[]> Rows => _rows;

    /// <summary>Hash of all cells.</summary>
    public string Fingerprint { get; private set; } = "";

    /// <summary>What is odd and stops nothing.</summary>
    public IReadOnlyList<string> Notes { get; private set; } = [];

    /// <summary>True for a text that stands for no value.</summary>
    public static bool IsMissing(string cell) => s_missing.Contains(cell);

    /// <summary>A cell's number; null where it is missing or none.</summary>
    public static double? Number(string cell)
        => !IsMissing(cell) && double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && Math.Abs(value) < 1e30 ? value : null;

    /// <summary>Reads a split.</summary>
    /// <param name="files">The place.</param>
    /// <param name="split">train, test or val.</param>
    /// <param name="limit">First N rows; 0: all.</param>
    /// <exception cref="UserErrorException">There is no table, or a line or a file does not fit the others.</exception>
    public static CsvTable Read(IDataFiles files, string split, int limit = 0)
    {
        var all = files.List().Where(f => Path.GetExtension(f.Name).ToLowerInvariant() is ".csv" or ".tsv").ToList();
        if (all.Count == 0)
            throw Refused($"{files.Location} holds no table (*.csv, *.tsv); give a file, or a folder that has one.");
        var named = all.Any(f => SplitNames.Of(f.Name) is not null);
        var chosen = named ? all.Where(f => (SplitNames.Of(f.Name) ?? "train") is var own && (own == split || (split != "train" && own != "train"))).ToList() : all;
        if (chosen.Count == 0)
            throw Refused($"{files.Location} has no split '{split}': no table has that word in its name; add one, or name another split.");
        CsvTable? table = null;
        foreach (var file in chosen)
            table = Append(files, file, table);
        if (!named)
            table!.HoldOut(split);
        if (limit > 0 && table!._rows.Count > limit)
            table._rows.RemoveRange(limit, table._rows.Count - limit);
        if (table!._rows.Count == 0)
            throw Refused($"{files.Location} has no rows in split '{split}'; give a table with rows below its first line.");
        table.Fingerprint = table.Hash();
        return table;
    }

    private static CsvTable Append(IDataFiles files, DataFile file, CsvTable? table)
    {
        var bytes = new byte[checked((int)file.Length)];
        files.Read(file, 0, bytes);
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw Refused($"{files.Location}: {file.Name} is not UTF-8 ({e.Message.Split('.')[0]}); save it as UTF-8.");
        }

        if (string.IsNullOrWhiteSpace(text))
            throw Refused($"{files.Location}: {file.Name} is empty; remove it, or write the names of the columns into its first line.");
        try
        {
            using var reader = Sep.Reader(o => o with { Unescape = true, Trim = SepTrim.Outer }).FromText(text);
            string[] names = [.. reader.Header.ColNames];
            if (names.Contains(""))
                throw Refused($"{files.Location}: {file.Name} has a column without a name in its first line; give each a name.");
            table ??= new CsvTable(files.Location, names);
            if (table.Columns.FirstOrDefault(c => !names.Contains(c)) is { } gone)
                throw Refused($"{files.Location}: {file.Name} has no column \"{gone}\", which the files before it have; give all files the same columns.");
            if (names.FirstOrDefault(n => !table.Columns.Contains(n)) is { } more)
                throw Refused($"{files.Location}: {file.Name} has a column \"{more}\", which the files before it lack; give all files the same columns.");
            var order = table.Columns.Select(c => Array.IndexOf(names, c)).ToArray();
            foreach (var row in reader)
                table._rows.Add(Cells(row, order));
            return table;
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or KeyNotFoundException)
        {
            throw Refused($"{files.Location}: {file.Name} is no table: {e.Message.Split('\n')[0].TrimEnd('.', '\r')}; give every line as many cells as the first, and each column a name of its own.");
        }
    }

    private static string[] Cells(SepReader.Row row, int[] order)
    {
        var cells = new string[order.Length];
        for (var c = 0; c < order.Length; c++)
            cells[c] = row[order[c]].ToString();
        return cells;
    }

    private void HoldOut(string split)
    {
        var kept = _rows.Where((_, i) => (i % HeldOut == HeldOut - 1) == (split != "train")).ToList();
        _rows.Clear();
        _rows.AddRange(kept);
        Notes = [$"no file is named after a split: every {HeldOut}th row is held out as the test split"];
    }

    private string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var row in _rows.Prepend([.. Columns]))
        {
            foreach (var cell in row)
                hash.AppendData(Encoding.UTF8.GetBytes($"{cell.Length}:{cell}"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static UserErrorException Refused(string why) => new(why) { Reason = RefusalReason.Data };
}
