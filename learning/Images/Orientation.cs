
namespace SslOrleans.Learning.Images;

/// <summary>The eight orientations of EXIF tag 0x0112.</summary>
internal static class Orientation
{
    [ThreadStatic]
    private static RgbImage? t_turned;

    /// <summary>Turns and mirrors the image upright, in place.</summary>
    public static void Apply(RgbImage image, int orientation)
    {
        if (orientation is <= 1 or > 8)
            return;
        var (width, height) = (image.Width, image.Height);
        var turned = t_turned ??= new RgbImage();
        var transposed = orientation >= 5;
        turned.Reset(transposed ? height : width, transposed ? width : height);
        var source = image.Pixels;
        var target = turned.Writable;
        for (var y = 0; y < turned.Height; y++)
        {
            for (var x = 0; x < turned.Width; x++)
            {
                var (u, v) = orientation switch
                {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    _ => (width - 1 - y, x),
                };
                source.Slice(((v * width) + u) * 3, 3).CopyTo(target[(((y * turned.Width) + x) * 3)..]);
            }
        }

        image.TakeFrom(turned);
    }
}
