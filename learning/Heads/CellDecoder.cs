using SslOrleans.Contracts.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>A small MLP for each column: tokens of cells <c>[N, C, D]</c> to a number for each numeric column, a score for each word of each categorical one <c>[N, R]</c>.</summary>
public sealed class CellDecoder : Module<Tensor, Tensor>
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly ModuleList<Module<Tensor, Tensor>> columns;
#pragma warning restore IDE0044

    /// <param name="columns">The C columns.</param>
    /// <param name="width">D.</param>
    public CellDecoder(IReadOnlyList<ColumnRecipe> columns, int width)
        : base(nameof(CellDecoder))
    {
        this.columns = [.. columns.Select(c => (Module<Tensor, Tensor>)Sequential(Linear(width, 2 * width), ReLU(), Linear(2 * width, c.Type == ColumnType.Numeric ? 1 : c.Words.Count)))];
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens) => cat([.. columns.Select((column, c) => column.call(tokens.select(1, c)))], 1);
}
