using SslOrleans.Contracts.Recipes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>Losses of masked rows (VIME, Yoon et al. 2020, section 4.1).</summary>
public static class RowLoss
{
    /// <summary>
    /// How well cells come back: the squared error of a numeric cell, the cross-entropy of a categorical one, 0 for one that is missing; mean over rows and columns.
    /// </summary>
    /// <param name="prediction"><c>[N, R]</c>, columns in order, one number or a score for each word.</param>
    /// <param name="cells">The row <c>[N, C]</c>: standardised numbers, numbers of words.</param>
    /// <param name="known"><c>[N, C]</c>, 1 where the row has a value, 0 where it is missing.</param>
    /// <param name="columns">The C columns.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Cells(Tensor prediction, Tensor cells, Tensor known, IReadOnlyList<ColumnRecipe> columns)
    {
        var (parts, at) = (new List<Tensor>(), 0L);
        for (var c = 0; c < columns.Count; c++)
        {
            var cell = cells.select(1, c);
            if (columns[c].Type == ColumnType.Numeric)
            {
                parts.Add((prediction.select(1, at++) - cell).square());
                continue;
            }

            parts.Add(functional.cross_entropy(prediction.narrow(1, at, columns[c].Words.Count), cell.to(ScalarType.Int64), reduction: Reduction.None));
            at += columns[c].Words.Count;
        }

        return (stack(parts, 1) * known).mean();
    }

    /// <summary>Binary cross-entropy of which cells were replaced, mean over rows and columns.</summary>
    /// <param name="scores"><c>[N, C]</c>.</param>
    /// <param name="replaced"><c>[N, C]</c>, 1 where a cell has another value than the row's own.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Mask(Tensor scores, Tensor replaced) => functional.binary_cross_entropy_with_logits(scores, replaced);
}
