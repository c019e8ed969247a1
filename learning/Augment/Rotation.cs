using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Augment;

/// <summary>Rotation around the centre with a black surround, as PIL's rotate without expansion.</summary>
internal static class Rotation
{
    /// <param name="source">The view.</param>
    /// <param name="degrees">Counter-clockwise.</param>
    /// <param name="bilinear">Interpolate, or take the nearest pixel.</param>
    /// <param name="target">The rotated view.</param>
    public static void Apply(PixelBuffer source, double degrees, bool bilinear, PixelBuffer target)
    {
        var (width, height) = (source.Width, source.Height);
        target.Reset(width, height);
        var (sin, cos) = PortableMath.SinCosDegrees(degrees);
        var pixels = source.Pixels;
        var output = target.Pixels;
        for (var y = 0; y < height; y++)
        {
            var dy = y + 0.5 - (height / 2.0);
            for (var x = 0; x < width; x++)
            {
                var dx = x + 0.5 - (width / 2.0);
                var u = (cos * dx) - (sin * dy) + (width / 2.0);
                var v = (sin * dx) + (cos * dy) + (height / 2.0);
                output[(y * width) + x] = u < 0 || v < 0 || u >= width || v >= height ? 0
                    : bilinear ? Blend(pixels, width, height, u - 0.5, v - 0.5)
                    : pixels[((int)v * width) + (int)u];
            }
        }
    }

    private static uint Blend(ReadOnlySpan<uint> pixels, int width, int height, double u, double v)
    {
        var x = (int)Math.Floor(u);
        var y = (int)Math.Floor(v);
        var (left, right) = (Math.Max(x, 0), Math.Min(x + 1, width - 1));
        var (top, bottom) = (Math.Max(y, 0), Math.Min(y + 1, height - 1));
        var result = 0u;
        for (var shift = 0; shift < 24; shift += 8)
        {
            var upper = Mix(Channel(pixels[(top * width) + left]), Channel(pixels[(top * width) + right]), u - x);
            var lower = Mix(Channel(pixels[(bottom * width) + left]), Channel(pixels[(bottom * width) + right]), u - x);
            result |= (uint)Mix(upper, lower, v - y) << shift;

            double Channel(uint word) => (word >> shift) & 255;
        }

        return result;

        static double Mix(double a, double b, double t) => a + ((b - a) * t);
    }
}
