using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Data.Tables;

namespace SslOrleans.Learning.Training;

/// <summary>The rows of a recipe's table, which are held in memory.</summary>
public sealed class TableTrainingData : ITrainingData
{
    private readonly Recipe _recipe;
    private readonly (ViewRecipe Settings, int Group)[] _views;
    private readonly TableRows _rows;
    private readonly SampleOrder _order;
    private readonly Func<IDataFiles> _files;
    private readonly Lazy<EvaluationSet?> _train;
    private readonly Lazy<EvaluationSet?> _test;

    /// <param name="recipe">All columns described.</param>
    /// <param name="files">Opens the place of the table.</param>
    /// <exception cref="UserErrorException">The table is not there, or is not the one that the run was begun with.</exception>
    public TableTrainingData(Recipe recipe, Func<IDataFiles> files)
    {
        (_recipe, _files) = (TableColumns.Described(recipe, files), files);
        _views = [.. recipe.Views.SelectMany(v => Enumerable.Range(0, v.Count).Select(g => (v, g)))];
        using var place = files();
        var table = CsvTable.Read(place, recipe.Data.Split, recipe.Data.Limit);
        _rows = new TableRows(table, _recipe.Table);
        _order = SampleOrder.Uniform(_rows.Count, recipe.Seed);
        Fingerprint = table.Fingerprint;
        Notes = [.. table.Notes, .. TableColumns.Notes(table, _recipe.Table)];
        _train = new Lazy<EvaluationSet?>(() => EvaluationOf(_rows));
        _test = new Lazy<EvaluationSet?>(OpenTest);
    }

    public long Samples => _order.EpochLength;

    public string Fingerprint { get; }

    public IReadOnlyList<string> Classes => _rows.Classes;

    public IReadOnlyList<string> Notes { get; }

    public long[] SampleIds(long firstPosition, int count) => Array.ConvertAll(Positions(firstPosition, count), p => (long)p.SampleId);

    public MicroBatchViews Render(long firstPosition, int count)
    {
        var positions = Positions(firstPosition, count);
        var columns = _rows.Columns;
        var views = new ViewBuffer[_views.Length];
        for (var view = 0; view < views.Length; view++)
        {
            var cells = new float[count * columns];
            for (var row = 0; row < count; row++)
                RowViews.Draw(_rows, _views[view].Settings.Row, _views[view].Group, _recipe.Seed, positions[row], view, cells.AsSpan(row * columns, columns));
            views[view] = new ViewBuffer(cells, [columns]);
        }

        int[]? labels = _rows.Labels is { } known && positions.All(p => known[p.SampleId] >= 0) ? [.. positions.Select(p => known[p.SampleId])] : null;
        return new MicroBatchViews([.. positions.Select(p => (long)p.SampleId)], views, labels);
    }

    public EvaluationSet? Evaluation(bool test) => (test ? _test : _train).Value;

    public void Dispose()
    {
    }

    private SamplePosition[] Positions(long first, int count)
    {
        var positions = new SamplePosition[count];
        _order.Fill(first, positions);
        return positions;
    }

    private EvaluationSet? OpenTest()
    {
        try
        {
            using var place = _files();
            return EvaluationOf(new TableRows(CsvTable.Read(place, _recipe.Data.TestSplit, _recipe.Data.TestLimit), _recipe.Table, _rows.Classes));
        }
        catch (UserErrorException)
        {
            // A test split is optional; without one the probes that need it are left out.
            return null;
        }
    }

    private static EvaluationSet EvaluationOf(TableRows rows)
    {
        var columns = rows.Columns;
        int[]? labels = rows.Labels is { } known && known.All(l => l >= 0) ? [.. known] : null;
        return new EvaluationSet(rows.Count, labels, [columns], (first, count) =>
        {
            var cells = new float[count * columns];
            for (var row = 0; row < count; row++)
                rows[first + row].CopyTo(cells.AsSpan(row * columns, columns));
            return new ViewBuffer(cells, [columns]);
        });
    }
}
