using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Backbones;

/// <summary>Fixed two-dimensional sine and cosine positions (He et al. 2022, MAE; Chen et al. 2021, MoCo v3).</summary>
public static class Positions
{
    /// <summary>
    /// <c>[1, 1 + grid², D]</c>, zeros for [cls] first: the first half of D encodes the column, the second the row, each as sines
    /// then cosines of frequencies 10000^(−k/(D/4)).
    /// </summary>
    public static Tensor SineCosine(int grid, int width) => SineCosine(grid, grid, width);

    /// <summary>The same for so many rows and columns <c>[1, 1 + rows·columns, D]</c>.</summary>
    public static Tensor SineCosine(int rows, int columns, int width)
    {
        if (width % 4 != 0)
            throw new ArgumentException($"Width {width} is not divisible by 4.");
        var quarter = width / 4;
        var values = new float[(1 + (rows * columns)) * width];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                var at = (1 + (row * columns) + column) * width;
                for (var k = 0; k < quarter; k++)
                {
                    var frequency = PortableMath.Exp(-PortableMath.Log(10000) * k / quarter);
                    var (acrossSin, acrossCos) = PortableMath.SinCos(column * frequency);
                    var (downSin, downCos) = PortableMath.SinCos(row * frequency);
                    values[at + k] = (float)acrossSin;
                    values[at + quarter + k] = (float)acrossCos;
                    values[at + (2 * quarter) + k] = (float)downSin;
                    values[at + (3 * quarter) + k] = (float)downCos;
                }
            }
        }

        return tensor(values).reshape(1, 1 + (rows * columns), width);
    }

    /// <summary>
    /// <c>[1, 1 + length, D]</c>, zeros for [cls] first: sines in even and cosines in odd places, of frequencies 10000^(−2⌊k/2⌋/D) (Vaswani et al. 2017), as VideoMAE has them.
    /// </summary>
    public static Tensor Sequence(int length, int width)
    {
        var values = new float[(1 + length) * width];
        for (var place = 0; place < length; place++)
        {
            for (var k = 0; k < width; k++)
            {
                var (sin, cos) = PortableMath.SinCos(place * PortableMath.Exp(-PortableMath.Log(10000) * (k / 2 * 2) / width));
                values[((1 + place) * width) + k] = (float)(k % 2 == 0 ? sin : cos);
            }
        }

        return tensor(values).reshape(1, 1 + length, width);
    }
}
