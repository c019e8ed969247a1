using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>Features <c>[N, F]</c> to what a row's cells are: a number for each numeric column, a score for each word of each categorical one <c>[N, R]</c>.</summary>
public sealed class RowDecoder : Module<Tensor, Tensor>
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Linear cells;
    private readonly Linear? mask;
#pragma warning restore IDE0044

    /// <param name="columns">Those that are looked at.</param>
    /// <param name="features">F.</param>
    /// <param name="masks">Also a score for each column of whether its cell was replaced.</param>
    public RowDecoder(IReadOnlyList<ColumnRecipe> columns, int features, bool masks)
        : base(nameof(RowDecoder))
    {
        columns = TableBackbone.OrNominal(columns);
        cells = Linear(features, Width(columns));
        mask = masks ? Linear(features, columns.Count) : null;
        RegisterComponents();
    }

    /// <summary>R.</summary>
    public static int Width(IReadOnlyList<ColumnRecipe> columns) => columns.Sum(c => c.Type == ColumnType.Numeric ? 1 : c.Words.Count);

    public override Tensor forward(Tensor features) => cells.call(features);

    /// <summary>Features <c>[N, F]</c> to scores of replacement <c>[N, C]</c>.</summary>
    public Tensor Mask(Tensor features) => mask!.call(features);
}
