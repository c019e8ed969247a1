using SslOrleans.Contracts.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// SAINT (Somepalli et al. 2021, section 3): each cell of a row becomes a token, behind a [cls]; blocks attend over the tokens of a row and then over the rows of the
/// micro-batch, whole rows as tokens. Rows <c>[N, C]</c> to the features of [cls] <c>[N, D]</c>. What a row's features are depends on the rows beside it; without the attention over
/// rows (SAINT-s) it does not.
/// </summary>
public sealed class Saint : TableBackbone, IInitialWeights
{
    private readonly bool _acrossRows;
    private Parameter cls_token;
    private Parameter missing;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly ModuleList<Module<Tensor, Tensor>> cells;
    private readonly ModuleList<Module<Tensor, Tensor>> across_columns;
    private readonly ModuleList<Module<Tensor, Tensor>> across_rows;
    private readonly LayerNorm norm;
#pragma warning restore IDE0044

    /// <param name="columns">Those that are looked at; none, before a table is known, stand for one numeric column.</param>
    /// <param name="width">D, of a token.</param>
    /// <param name="depth">Pairs of blocks.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="acrossRows">With attention over rows.</param>
    public Saint(IReadOnlyList<ColumnRecipe> columns, int width, int depth, int heads, bool acrossRows)
        : base(nameof(Saint), columns)
    {
        (FeatureDimension, _acrossRows) = (width, acrossRows);
        cls_token = Parameter(zeros(1, 1, width));
        missing = Parameter(zeros(Columns.Count, width));
        cells = [.. Columns.Select(c => c.Type == ColumnType.Numeric
            ? Sequential(Linear(1, width), ReLU(), Linear(width, width))
            : (Module<Tensor, Tensor>)Embedding(c.Words.Count, width))];
        across_columns = [.. Enumerable.Range(0, depth).Select(_ => (Module<Tensor, Tensor>)new VitBlock(width, heads))];
        across_rows = [.. Enumerable.Range(0, acrossRows ? depth : 0).Select(_ => (Module<Tensor, Tensor>)new VitBlock(width * (Columns.Count + 1), heads))];
        norm = LayerNorm(width, 1e-6);
        RegisterComponents();
    }

    public override int FeatureDimension { get; }

    public override Tensor forward(Tensor rows) => Transform(Embed(rows)).select(1, 0);

    /// <summary>Rows <c>[N, C]</c> to a token for each cell <c>[N, C, D]</c>.</summary>
    public Tensor Embed(Tensor rows) => stack([.. cells.Select((cell, c) =>
    {
        var values = rows.select(1, c);
        var there = values.isnan().logical_not().unsqueeze(1);
        var known = values.nan_to_num(0);
        return where(there, cell is Modules.Embedding ? cell.call(known.to(ScalarType.Int64)) : cell.call(known.unsqueeze(1)), missing[c]);
    })], 1);

    /// <summary>Tokens of cells <c>[N, C, D]</c> through all blocks <c>[N, 1 + C, D]</c>, [cls] first.</summary>
    public Tensor Transform(Tensor tokens)
    {
        var (n, d) = (tokens.shape[0], tokens.shape[2]);
        var x = cat([cls_token.expand(n, 1, d), tokens], 1);
        for (var block = 0; block < across_columns.Count; block++)
        {
            x = across_columns[block].call(x);
            if (_acrossRows)
                x = across_rows[block].call(x.reshape(1, n, -1)).reshape(n, -1, d);
        }

        return norm.call(x);
    }

    /// <summary>Its method runs the parts and not the whole.</summary>
    public override void Watch(Action<Tensor> watcher) => norm.register_forward_hook((_, _, tokens) =>
    {
        watcher(tokens.detach().select(1, 0));
        return tokens;
    });

    InitialWeights? IInitialWeights.Rule(Module owner, string name, Tensor parameter) => (owner, name) switch
    {
        (Saint, _) or (Modules.Embedding, _) => new InitialWeights(InitialKind.Normal, 0.02),
        _ => null,
    };
}
