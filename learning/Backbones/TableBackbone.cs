using SslOrleans.Contracts.Recipes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Backbones;

/// <summary>An encoder of rows <c>[N, C]</c>; cells that are NaN are missing.</summary>
public abstract class TableBackbone : Backbone
{
    private readonly long[] _numeric;
    private readonly (int Column, int Words)[] _categorical;

    /// <param name="name">For messages.</param>
    /// <param name="columns">Those that are looked at; none, before a table is known, stand for one numeric column.</param>
    protected TableBackbone(string name, IReadOnlyList<ColumnRecipe> columns)
        : base(name)
    {
        Columns = OrNominal(columns);
        _numeric = [.. Columns.Index().Where(c => c.Item.Type == ColumnType.Numeric).Select(c => (long)c.Index)];
        _categorical = [.. Columns.Index().Where(c => c.Item.Type == ColumnType.Categorical).Select(c => (c.Index, c.Item.Words.Count))];
        InputWidth = (2 * _numeric.Length) + _categorical.Sum(c => c.Words + 1);
    }

    /// <summary>The C columns.</summary>
    public IReadOnlyList<ColumnRecipe> Columns { get; }

    /// <summary>W, numbers that a row becomes.</summary>
    public int InputWidth { get; }

    /// <summary>The columns, or one numeric column where none are known.</summary>
    public static IReadOnlyList<ColumnRecipe> OrNominal(IReadOnlyList<ColumnRecipe> columns)
        => columns.Count > 0 ? columns : [new ColumnRecipe { Name = "x", StandardDeviation = 1 }];

    /// <summary>Cells <c>[N, C]</c> to <c>[N, W]</c>: numbers (0 where missing), marks (1 where missing), one-hot words.</summary>
    public Tensor Inputs(Tensor cells)
    {
        var parts = new List<Tensor>();
        if (_numeric.Length > 0)
        {
            var numbers = cells.index_select(1, tensor(_numeric).to(cells.device));
            parts.Add(numbers.nan_to_num(0));
            parts.Add(numbers.isnan().to(ScalarType.Float32));
        }

        foreach (var (column, words) in _categorical)
            parts.Add(functional.one_hot(cells.select(1, column).nan_to_num(words).to(ScalarType.Int64), words + 1).to(ScalarType.Float32));
        return cat(parts, 1);
    }
}
