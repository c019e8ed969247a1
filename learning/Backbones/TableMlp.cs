using SslOrleans.Contracts.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// Rows <c>[N, C]</c> to features <c>[N, D]</c>: a plain MLP with ReLUs (SCARF, Bahri et al. 2021, section 4: four layers of 256) on numeric cells, each with a mark of
/// whether it is there, and on one-hot words, of which "none" is one more. Cells that are NaN are missing.
/// </summary>
public sealed class TableMlp : TableBackbone
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Sequential layers;
#pragma warning restore IDE0044

    /// <param name="columns">Those that are looked at; none, before a table is known, stand for one numeric column.</param>
    /// <param name="width">D.</param>
    /// <param name="depth">Layers.</param>
    public TableMlp(IReadOnlyList<ColumnRecipe> columns, int width, int depth)
        : base(nameof(TableMlp), columns)
    {
        FeatureDimension = width;
        layers = Sequential(Enumerable.Range(0, depth).SelectMany(l => new Module<Tensor, Tensor>[] { Linear(l == 0 ? InputWidth : width, width), ReLU() }));
        RegisterComponents();
    }

    public override int FeatureDimension { get; }

    public override Tensor forward(Tensor cells) => layers.call(Inputs(cells));
}
