using SslOrleans.Contracts.Recipes;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Squares cut out of the cells of a 3 × 3 grid over a view, each moved within its cell by a draw of its sample, so that the lines at the edge of
/// a tile do not tell which one is beside it (Doersch et al. 2015, Noroozi and Favaro 2016).
/// </summary>
internal static class Tiles
{
    /// <summary>Cells along a side.</summary>
    public const int Grid = 3;

    /// <summary>Cells.</summary>
    public const int Count = Grid * Grid;

    /// <summary>Tiles <c>[N, 3, side, side]</c> of one cell per image.</summary>
    /// <param name="images">Views <c>[N, 3, H, H]</c>.</param>
    /// <param name="side">Of a tile, pixels; at most a third of H.</param>
    /// <param name="cell">The cell of each row.</param>
    /// <param name="step">Whose samples.</param>
    /// <param name="draw">Number of the draw: each tile of an image has its own.</param>
    public static Tensor Cut(Tensor images, int side, Func<int, int> cell, StepContext step, int draw)
    {
        var spare = (int)(images.shape[2] / Grid) - side;
        return cat([.. step.SampleIds.Select((id, row) =>
        {
            var random = Draws.Of(step, id, draw);
            var (top, left) = (random.NextUInt32((uint)spare + 1), random.NextUInt32((uint)spare + 1));
            var size = images.shape[2] / Grid;
            var (y, x) = (cell(row) / Grid * size, cell(row) % Grid * size);
            return images.narrow(0, row, 1).narrow(2, y + top, side).narrow(3, x + left, side);
        })]);
    }

    /// <summary>Side of a tile: what the recipe says, or three quarters of the cell (Noroozi and Favaro: 64 of 85 pixels).</summary>
    public static int Side(int asked, Tensor images) => asked > 0 ? asked : Math.Max(1, (int)(images.shape[2] / Grid * 3 / 4));

    /// <summary>Refuses tiles that do not fit into a third of every view.</summary>
    public static void MustFit(Recipe recipe, string field, int side)
    {
        var cell = recipe.Views.Min(v => v.Crop.Ramp.From > 0 ? Math.Min(v.Crop.Ramp.From, v.Crop.Size) : v.Crop.Size) / Grid;
        if (side < 0 || side > cell || cell < 1)
            throw Require.Error(recipe, field, $"is {side}", $"give 1 to {cell} pixels, a third of the view, or 0 for three quarters of that");
    }
}
