using System.Numerics;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Augment;

/// <summary>
/// Hue shift through PIL's 8-bit HSV: both conversions round as PIL does (checked for every combination of channel differences),
/// so the loss of precision of that detour is reproduced too.
/// </summary>
internal static class HueShift
{
    /// <param name="image">The view.</param>
    /// <param name="turns">Shift in turns, −0.5 … 0.5.</param>
    public static void Apply(PixelBuffer image, float turns)
    {
        // As torchvision: truncated towards zero, then added modulo 256.
        var shift = new Vector<float>((int)(turns * 255.0) & 255);
        foreach (ref var word in Photometric.Words(image))
        {
            Photometric.Unpack(word, out var r, out var g, out var b);
            ToHueAndSaturation(r, g, b, out var hue, out var saturation, out var value);
            hue += shift;
            hue -= Select(Vector.GreaterThanOrEqual(hue, new Vector<float>(256f)), new Vector<float>(256f), Vector<float>.Zero);
            ToRgb(hue, saturation, value, out r, out g, out b);
            word = Photometric.Pack(r, g, b);
        }
    }

    private static void ToHueAndSaturation(
        Vector<float> r, Vector<float> g, Vector<float> b, out Vector<float> hue, out Vector<float> saturation, out Vector<float> max)
    {
        var one = Vector<float>.One;
        var full = new Vector<float>(255f);
        max = Vector.MaxNative(r, Vector.MaxNative(g, b));
        var min = Vector.MinNative(r, Vector.MinNative(g, b));
        var middle = r + g + b - max - min;
        var range = max - min;
        var gray = Vector.Equals(range, Vector<float>.Zero);
        var safeRange = Select(gray, one, range);
        // Distance of the middle channel from the greatest, in units of the range; the third channel's is exactly 1.
        var x = (max - middle) / safeRange;
        var red = Vector.Equals(r, max);
        var green = Vector.AndNot(Vector.Equals(g, max), red);
        var lowerHalf = Vector.BitwiseOr(
            Vector.BitwiseAnd(Vector.BitwiseOr(red, green), Vector.Equals(b, min)),
            Vector.AndNot(Vector.Equals(r, min), Vector.BitwiseOr(red, green)));
        var center = Select(red, Vector<float>.Zero, Select(green, new Vector<float>(2f), new Vector<float>(4f)));
        // red: 1 − x or x − 1; green: 1 + x or 3 − x; blue: 3 + x or 5 − x. One rounding each, as in PIL.
        var sixths = Select(
            red,
            Select(lowerHalf, one - x, x - one),
            Select(lowerHalf, center - one + x, center + one - x));
        hue = sixths / new Vector<float>(6f);
        hue += Select(Vector.LessThan(sixths, Vector<float>.Zero), one, Vector<float>.Zero);
        hue = Select(gray, Vector<float>.Zero, Vector.Floor(hue * full));
        saturation = Vector.Floor(range * full / Select(Vector.Equals(max, Vector<float>.Zero), one, max));
    }

    private static void ToRgb(
        Vector<float> hue, Vector<float> saturation, Vector<float> value, out Vector<float> r, out Vector<float> g, out Vector<float> b)
    {
        var full = new Vector<float>(255f);
        var scale = new Vector<float>(65025f);
        var half = new Vector<float>(32512f);
        var position = hue * new Vector<float>(6f);
        var sector = Vector.Floor(position / full);
        // All products below are integers under 2²⁴ and therefore exact.
        var rest = position - (sector * full);
        var p = Vector.Floor(((value * (full - saturation)) + new Vector<float>(127f)) / full);
        var q = Vector.Floor(((value * (scale - (saturation * rest))) + half) / scale);
        var t = Vector.Floor(((value * (scale - (saturation * (full - rest)))) + half) / scale);
        var is0 = Vector.BitwiseOr(Vector.Equals(sector, Vector<float>.Zero), Vector.Equals(sector, new Vector<float>(6f)));
        var is1 = Vector.Equals(sector, Vector<float>.One);
        var is2 = Vector.Equals(sector, new Vector<float>(2f));
        var is3 = Vector.Equals(sector, new Vector<float>(3f));
        var is4 = Vector.Equals(sector, new Vector<float>(4f));
        var is5 = Vector.Equals(sector, new Vector<float>(5f));
        r = Select(Vector.BitwiseOr(is0, is5), value, Select(is1, q, Select(is4, t, p)));
        g = Select(Vector.BitwiseOr(is1, is2), value, Select(is0, t, Select(is3, q, p)));
        b = Select(Vector.BitwiseOr(is3, is4), value, Select(is2, t, Select(is5, q, p)));
    }

    private static Vector<float> Select(Vector<int> condition, Vector<float> yes, Vector<float> no) =>
        Vector.ConditionalSelect(condition, yes, no);
}
