using System.Numerics;
using System.Runtime.InteropServices;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Augment;

/// <summary>
/// Colour operations as PIL computes them on 8-bit pixels. Element-wise arithmetic only, so that the width of a vector does not show.
/// </summary>
internal static class Photometric
{
    /// <summary>value · factor, cut to 0 … 255 and truncated.</summary>
    public static void Brightness(PixelBuffer image, float factor)
    {
        var scale = new Vector<float>(factor);
        foreach (ref var word in Words(image))
        {
            Unpack(word, out var r, out var g, out var b);
            word = Pack(r * scale, g * scale, b * scale);
        }
    }

    /// <summary>mean + factor · (value − mean), with the image's mean luma, rounded.</summary>
    public static void Contrast(PixelBuffer image, float factor)
    {
        var mean = new Vector<float>((int)(((double)LumaSum(image) / image.Count) + 0.5));
        var scale = new Vector<float>(factor);
        foreach (ref var word in Words(image))
        {
            Unpack(word, out var r, out var g, out var b);
            word = Pack(mean + (scale * (r - mean)), mean + (scale * (g - mean)), mean + (scale * (b - mean)));
        }
    }

    /// <summary>luma + factor · (value − luma).</summary>
    public static void Saturation(PixelBuffer image, float factor)
    {
        var scale = new Vector<float>(factor);
        foreach (ref var word in Words(image))
        {
            var luma = Vector.ConvertToSingle(Vector.AsVectorInt32(Luma(word)));
            Unpack(word, out var r, out var g, out var b);
            word = Pack(luma + (scale * (r - luma)), luma + (scale * (g - luma)), luma + (scale * (b - luma)));
        }
    }

    /// <summary>Luma in all channels.</summary>
    public static void Grayscale(PixelBuffer image)
    {
        var spread = new Vector<uint>(0x010101);
        foreach (ref var word in Words(image))
            word = Luma(word) * spread;
    }

    /// <summary>255 − value where the value is at least the threshold.</summary>
    public static void Solarize(PixelBuffer image, int threshold)
    {
        var limit = new Vector<byte>((byte)Math.Clamp(threshold, 0, 255));
        if (threshold > 255)
            return;
        var ones = new Vector<uint>(0x00FFFFFF);
        foreach (ref var word in Words(image))
        {
            var inverted = Vector.GreaterThanOrEqual(Vector.AsVectorByte(word), limit);
            word ^= Vector.AsVectorUInt32(inverted) & ones;
        }
    }

    /// <summary>Mirrors every row.</summary>
    public static void Flip(PixelBuffer image)
    {
        for (var y = 0; y < image.Height; y++)
            image.Pixels.Slice(y * image.Width, image.Width).Reverse();
    }

    /// <summary>(value / 255 − mean) / deviation into planes: [3, height, width].</summary>
    public static void Normalize(PixelBuffer image, NormalizeSettings settings, Span<float> target)
    {
        for (var channel = 0; channel < 3; channel++)
        {
            var plane = target.Slice(channel * image.Count, image.Count);
            var mean = new Vector<float>(settings.Mean[channel]);
            var deviation = new Vector<float>(settings.StandardDeviation[channel]);
            var full = new Vector<float>(255f);
            var mask = new Vector<uint>(255);
            var words = Words(image);
            var shift = channel * 8;
            var i = 0;
            for (; (i + 1) * Vector<float>.Count <= plane.Length; i++)
            {
                var value = Vector.ConvertToSingle(Vector.AsVectorInt32((words[i] >> shift) & mask));
                (((value / full) - mean) / deviation).CopyTo(plane[(i * Vector<float>.Count)..]);
            }

            for (var k = i * Vector<float>.Count; k < plane.Length; k++)
                plane[k] = ((((image.Pixels[k] >> shift) & 255) / 255f) - settings.Mean[channel]) / settings.StandardDeviation[channel];
        }
    }

    internal static Span<Vector<uint>> Words(PixelBuffer image) => MemoryMarshal.Cast<uint, Vector<uint>>(image.Vectors);

    internal static void Unpack(Vector<uint> word, out Vector<float> r, out Vector<float> g, out Vector<float> b)
    {
        var mask = new Vector<uint>(255);
        r = Vector.ConvertToSingle(Vector.AsVectorInt32(word & mask));
        g = Vector.ConvertToSingle(Vector.AsVectorInt32((word >> 8) & mask));
        b = Vector.ConvertToSingle(Vector.AsVectorInt32((word >> 16) & mask));
    }

    /// <summary>Clips to 0 … 255 and truncates.</summary>
    internal static Vector<uint> Pack(Vector<float> r, Vector<float> g, Vector<float> b) =>
        Clip(r) | (Clip(g) << 8) | (Clip(b) << 16);

    private static Vector<uint> Clip(Vector<float> value)
    {
        var clipped = Vector.MinNative(Vector.MaxNative(value, Vector<float>.Zero), new Vector<float>(255f));
        // In range by now, so that the processor's own conversion is the same everywhere.
        return Vector.AsVectorUInt32(Vector.ConvertToInt32Native(clipped));
    }

    /// <summary>ITU-R 601 luma in 16-bit fixed point, rounded.</summary>
    private static Vector<uint> Luma(Vector<uint> word)
    {
        var mask = new Vector<uint>(255);
        var sum = ((word & mask) * new Vector<uint>(19595))
            + (((word >> 8) & mask) * new Vector<uint>(38470))
            + (((word >> 16) & mask) * new Vector<uint>(7471));
        return (sum + new Vector<uint>(0x8000)) >> 16;
    }

    private static long LumaSum(PixelBuffer image)
    {
        // A lane's sum stays below 2³² for 16 million pixels a lane.
        var words = Words(image);
        var whole = image.Count / Vector<uint>.Count;
        var lanes = Vector<uint>.Zero;
        for (var i = 0; i < whole; i++)
            lanes += Luma(words[i]);
        var sum = 0L;
        for (var i = 0; i < Vector<uint>.Count; i++)
            sum += lanes[i];
        for (var i = 0; i < image.Count - (whole * Vector<uint>.Count); i++)
            sum += Luma(words[whole])[i];
        return sum;
    }
}
