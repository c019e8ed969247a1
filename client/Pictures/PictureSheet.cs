using SslOrleans.Learning.Images;

namespace SslOrleans.Client.Pictures;

/// <summary>White paper with square tiles in rows and columns.</summary>
public sealed class PictureSheet
{
    private const int Gap = 4;
    private const int LeastTile = 64;

    private readonly int _tile;
    private readonly int _width;
    private readonly int _height;
    private readonly byte[] _pixels;

    /// <param name="rows">Tiles from top to bottom.</param>
    /// <param name="columns">Tiles from left to right.</param>
    /// <param name="side">Longer side of the pictures; small ones are shown several times as large.</param>
    public PictureSheet(int rows, int columns, int side)
    {
        _tile = side * Math.Max(1, (LeastTile + side - 1) / side);
        (_width, _height) = ((columns * (_tile + Gap)) + Gap, (rows * (_tile + Gap)) + Gap);
        _pixels = new byte[_width * _height * 3];
        _pixels.AsSpan().Fill(255);
    }

    /// <summary>The picture in a tile: nearest pixels, its longer side filling the tile.</summary>
    /// <param name="row">From the top.</param>
    /// <param name="column">From the left.</param>
    /// <param name="image">Any size.</param>
    /// <param name="frame">Colour of a frame around it; none when null.</param>
    public void Paste(int row, int column, RgbImage image, (byte Red, byte Green, byte Blue)? frame = null)
    {
        var (left, top) = (Gap + (column * (_tile + Gap)), Gap + (row * (_tile + Gap)));
        if (frame is { } colour)
            Fill(left - (Gap - 1), top - (Gap - 1), _tile + (2 * (Gap - 1)), colour);
        var scale = (double)_tile / Math.Max(image.Width, image.Height);
        var (width, height) = ((int)(image.Width * scale), (int)(image.Height * scale));
        var pixels = image.Pixels;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var from = (((int)(y / scale) * image.Width) + (int)(x / scale)) * 3;
                pixels.Slice(from, 3).CopyTo(_pixels.AsSpan((((top + y) * _width) + left + x) * 3, 3));
            }
        }
    }

    public RgbImage ToImage() => new(_width, _height, _pixels);

    private void Fill(int left, int top, int side, (byte Red, byte Green, byte Blue) colour)
    {
        for (var y = top; y < top + side; y++)
        {
            for (var x = left; x < left + side; x++)
                (_pixels[((y * _width) + x) * 3], _pixels[(((y * _width) + x) * 3) + 1], _pixels[(((y * _width) + x) * 3) + 2]) = colour;
        }
    }
}
