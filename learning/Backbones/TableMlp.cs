using SslOrleans.Contracts.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// Rows <c>[N, C]</c> to features <c>[N, D]</c>: a plain MLP with ReLUs (SCARF, Bahri et al. 2021, section 4: four layers of 256) on numeric cells, each with a mark of
/// whether it is there, and on one-hot words, of which "none" is one more. Cells that are NaN are missing.
/// </summary>
public sealed class TableMlp : Backbone
{
    private readonly long[] _numeric;
    private readonly (int Column, int Words)[] _categorical;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Sequential layers;
#pragma warning restore IDE0044

    /// <param name="columns">Those that are looked at; none, before a table is known, stand for one numeric column.</param>
    /// <param name="width">D.</param>
    /// <param name="depth">Layers.</param>
    public TableMlp(IReadOnlyList<ColumnRecipe> columns, int width, int depth)
        : base(nameof(TableMlp))
    {
        columns = OrNominal(columns);
        FeatureDimension = width;
        _numeric = [.. columns.Index().Where(c => c.Item.Type == ColumnType.Numeric).Select(c => (long)c.Index)];
        _categorical = [.. columns.Index().Where(c => c.Item.Type == ColumnType.Categorical).Select(c => (c.Index, c.Item.Words.Count))];
        InputWidth = (2 * _numeric.Length) + _categorical.Sum(c => c.Words + 1);
        layers = Sequential(Enumerable.Range(0, depth).SelectMany(l => new Module<Tensor, Tensor>[] { Linear(l == 0 ? InputWidth : width, width), ReLU() }));
        RegisterComponents();
    }

    public override int FeatureDimension { get; }

    /// <summary>W, numbers that a row becomes.</summary>
    public int InputWidth { get; }

    /// <summary>The columns, or one numeric column where none are known.</summary>
    public static IReadOnlyList<ColumnRecipe> OrNominal(IReadOnlyList<ColumnRecipe> columns)
        => columns.Count > 0 ? columns : [new ColumnRecipe { Name = "x", StandardDeviation = 1 }];

    public override Tensor forward(Tensor cells) => layers.call(Inputs(cells));

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
