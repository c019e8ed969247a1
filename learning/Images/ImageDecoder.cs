using System.Runtime.InteropServices;
using SslOrleans.Contracts;
using SslOrleans.Learning.Images.Native;

namespace SslOrleans.Learning.Images;

/// <summary>
/// JPEG, PNG and TIFF bytes to RGB pixels, by content and not by name. JPEG: baseline and progressive; gray, YCbCr, RGB, CMYK and YCCK;
/// EXIF orientation is applied. PNG: every colour type and depth; 16 bits are reduced to 8 (by what they use of them, where that is told), palettes expanded, transparency dropped,
/// of an animation the default image is read. TIFF: <see cref="TiffDecoder"/>.
/// </summary>
public static unsafe class ImageDecoder
{
    private const int PngChunkLimit = 64 << 20;

    [ThreadStatic]
    private static byte[]? t_cmyk;

    /// <summary>True when the bytes begin like a JPEG.</summary>
    public static bool IsJpeg(ReadOnlySpan<byte> bytes) => bytes is [0xFF, 0xD8, 0xFF, ..];

    /// <summary>True when the bytes begin like a PNG.</summary>
    public static bool IsPng(ReadOnlySpan<byte> bytes) => bytes.StartsWith(ImageEncoder.PngSignature);

    /// <summary>Decodes into <paramref name="target"/>, which takes the image's size.</summary>
    /// <param name="bytes">The encoded image.</param>
    /// <param name="target">Where the pixels go.</param>
    /// <param name="pixelLimit">Most pixels that are accepted.</param>
    /// <param name="shortSide">Decode JPEGs at 1/2, 1/4 or 1/8 while the shorter side keeps so many pixels; 0: full size.</param>
    /// <param name="bits">Bits that an image of 16 bits uses, whose range becomes 0 … 255; 0: its upper 8 bits.</param>
    /// <param name="channels">Numbers, from 0, of the channels that become red, green and blue; null: those that it calls so.</param>
    /// <exception cref="UndecodableImageException">The bytes are no JPEG, PNG or TIFF, are cut short, or exceed the limit.</exception>
    public static void Decode(ReadOnlySpan<byte> bytes, RgbImage target, long pixelLimit = 100_000_000, int shortSide = 0, int bits = 0, IReadOnlyList<int>? channels = null)
    {
        try
        {
            if (IsJpeg(bytes))
                DecodeJpeg(bytes, target, pixelLimit, shortSide);
            else if (IsPng(bytes))
                DecodePng(bytes, target, pixelLimit, bits);
            else if (TiffDecoder.IsTiff(bytes))
                TiffDecoder.Decode(bytes, target, pixelLimit, bits, channels);
            else
                throw new UndecodableImageException($"{Sniff(bytes)} is neither JPEG nor PNG nor TIFF");
            if (channels is not null && !TiffDecoder.IsTiff(bytes))
                Exchange(target.Writable, channels);
        }
        catch (DllNotFoundException missing)
        {
            throw new UserErrorException(
                $"The image library is missing ({missing.Message.Split('\n')[0]}): apt install libturbojpeg0-dev libspng-dev", missing);
        }
    }

    /// <summary>Decodes into a new image.</summary>
    public static RgbImage Decode(ReadOnlySpan<byte> bytes)
    {
        var image = new RgbImage();
        Decode(bytes, image);
        return image;
    }

    private static void DecodeJpeg(ReadOnlySpan<byte> bytes, RgbImage target, long pixelLimit, int shortSide)
    {
        // A decompressor remembers the tables of the images before (and the damage in them): with a fresh one, pixels depend on the bytes alone.
        var handle = TurboJpeg.tjInitDecompress();
        try
        {
            fixed (byte* jpeg = bytes)
                DecodeJpeg(handle, jpeg, bytes, target, pixelLimit, shortSide);
        }
        finally
        {
            if (handle != 0)
                TurboJpeg.tjDestroy(handle);
        }
    }

    private static void DecodeJpeg(nint handle, byte* jpeg, ReadOnlySpan<byte> bytes, RgbImage target, long pixelLimit, int shortSide)
    {
        var size = new CULong((nuint)bytes.Length);
        if (TurboJpeg.tjDecompressHeader3(handle, jpeg, size, out var width, out var height, out _, out var colors) != 0 && width <= 0)
            throw new UndecodableImageException("JPEG header: " + TurboJpeg.Error(handle));
        CheckSize("JPEG", width, height, pixelLimit);
        var markers = JpegMarkers.Read(bytes);
        var denominator = Denominator(Math.Min(width, height), shortSide);
        width = (width + denominator - 1) / denominator;
        height = (height + denominator - 1) / denominator;
        target.Reset(width, height);
        if (colors is TurboJpeg.ColorCmyk or TurboJpeg.ColorYcck)
            DecodeCmyk(handle, jpeg, size, target, markers.Adobe);
        else
            Decompress(handle, jpeg, size, target.Writable, width, height, TurboJpeg.PixelRgb, 3);
        Orientation.Apply(target, markers.Orientation);
    }

    private static int Denominator(int side, int shortSide)
    {
        var denominator = 1;
        while (shortSide > 0 && denominator < 8 && side / (denominator * 2) >= shortSide)
            denominator *= 2;
        return denominator;
    }

    private static void Decompress(
        nint handle, byte* jpeg, CULong size, Span<byte> pixels, int width, int height, int format, int channels)
    {
        fixed (byte* target = pixels)
        {
            const int Flags = TurboJpeg.FlagAccurateDct | TurboJpeg.FlagLimitScans;
            if (TurboJpeg.tjDecompress2(handle, jpeg, size, target, width, width * channels, height, format, Flags) == 0)
                return;
            var error = TurboJpeg.Error(handle);
            // Stray bytes between markers are common and harmless in real collections; a file that ends early is not.
            if (TurboJpeg.tjGetErrorCode(handle) != 0 || error.Contains("Premature end", StringComparison.OrdinalIgnoreCase))
                throw new UndecodableImageException("JPEG: " + error);
        }
    }

    private static void DecodeCmyk(nint handle, byte* jpeg, CULong size, RgbImage target, bool inverted)
    {
        var pixels = target.Width * target.Height;
        if (t_cmyk is null || t_cmyk.Length < pixels * 4)
            t_cmyk = new byte[pixels * 4];
        Decompress(handle, jpeg, size, t_cmyk, target.Width, target.Height, TurboJpeg.PixelCmyk, 4);
        var rgb = target.Writable;
        // Adobe's files store the amount of paper that shows, others the amount of ink.
        var flip = inverted ? 0 : 255;
        for (var i = 0; i < pixels; i++)
        {
            var k = t_cmyk[(i * 4) + 3] ^ flip;
            for (var c = 0; c < 3; c++)
                rgb[(i * 3) + c] = (byte)((((t_cmyk[(i * 4) + c] ^ flip) * k) + 127) / 255);
        }
    }

    /// <summary>The largest colour value of an image with 16 bits; null for anything else.</summary>
    /// <exception cref="UndecodableImageException">It is one that does not decode.</exception>
    public static int? LargestOf16Bits(ReadOnlySpan<byte> bytes, long pixelLimit = 100_000_000, IReadOnlyList<int>? channels = null)
    {
        if (!ImageKinds.Of(bytes).HasFlag(ImageKind.SixteenBits))
            return null;
        var image = new RgbImage();
        var largest = 0;
        if (IsPng(bytes))
            DecodePng(bytes, image, pixelLimit, 16, v => largest = Math.Max(largest, v));
        else
            TiffDecoder.Decode(bytes, image, pixelLimit, 16, channels, v => largest = Math.Max(largest, v));
        return largest;
    }

    /// <summary>The channels of an image that has just three, in another order.</summary>
    private static void Exchange(Span<byte> rgb, IReadOnlyList<int> channels)
    {
        if (channels.Any(c => c > 2))
            throw new UndecodableImageException($"it has three channels, and data.channels wants number {channels.Max()}; they are counted from 0");
        for (var i = 0; i < rgb.Length; i += 3)
            (rgb[i], rgb[i + 1], rgb[i + 2]) = (rgb[i + channels[0]], rgb[i + channels[1]], rgb[i + channels[2]]);
    }

    private static void DecodePng(ReadOnlySpan<byte> bytes, RgbImage target, long pixelLimit, int bits, Action<int>? look = null)
    {
        var context = Spng.spng_ctx_new(0);
        try
        {
            fixed (byte* png = bytes)
            {
                Check(Spng.spng_set_chunk_limits(context, PngChunkLimit, PngChunkLimit));
                Check(Spng.spng_set_png_buffer(context, png, (nuint)bytes.Length));
                Check(Spng.spng_get_ihdr(context, out var header));
                CheckSize("PNG", header.Width, header.Height, pixelLimit);
                target.Reset((int)header.Width, (int)header.Height);
                if (bits > 0 && header.BitDepth == 16)
                {
                    Check(Spng.spng_decoded_image_size(context, Spng.FormatRgba16, out var bytes16));
                    if (bytes16 != (nuint)header.Width * header.Height * 8)
                        throw new UndecodableImageException($"PNG: {bytes16} bytes of pixels for {header.Width}x{header.Height}");
                    var values = new ushort[header.Width * header.Height * 4L];
                    fixed (ushort* pixels = values)
                        Check(Spng.spng_decode_image(context, (byte*)pixels, bytes16, Spng.FormatRgba16, 0));
                    Reduce(values, target.Writable, bits, look);
                    return;
                }

                Check(Spng.spng_decoded_image_size(context, Spng.FormatRgb8, out var size));
                if (size != (nuint)target.ByteCount)
                    throw new UndecodableImageException($"PNG: {size} bytes of pixels for {header.Width}x{header.Height}");
                fixed (byte* pixels = target.Writable)
                    Check(Spng.spng_decode_image(context, pixels, size, Spng.FormatRgb8, 0));
            }
        }
        finally
        {
            Spng.spng_ctx_free(context);
        }

        static void Check(int result)
        {
            if (result != 0)
                throw new UndecodableImageException("PNG: " + Spng.Error(result));
        }
    }

    /// <summary>Colours of <paramref name="bits"/> bits to 8, rounded to the nearest.</summary>
    private static void Reduce(ReadOnlySpan<ushort> rgba, Span<byte> rgb, int bits, Action<int>? look)
    {
        for (var (from, to) = (0, 0); from < rgba.Length; from += 4)
        {
            for (var c = 0; c < 3; c++)
            {
                int value = rgba[from + c];
                look?.Invoke(value);
                rgb[to++] = Reduce(value, bits, "PNG");
            }
        }
    }

    /// <summary>A value of 16 bits to 8: of those that are used, rounded to the nearest; the upper 8 where that is not said.</summary>
    internal static byte Reduce(int value, int bits, string format)
    {
        if (bits == 0)
            return (byte)(value >> 8);
        var most = (1 << bits) - 1;
        return value <= most
            ? (byte)(((value * 255) + (most / 2)) / most)
            : throw new UndecodableImageException($"{format}: a value of {value} has more than data.bits, which is {bits}");
    }

    internal static void CheckSize(string format, long width, long height, long pixelLimit)
    {
        // The second bound is the largest array of bytes that .NET can hold.
        if (width <= 0 || height <= 0 || width * height > Math.Min(pixelLimit, (Array.MaxLength - RgbImage.Padding) / 3))
            throw new UndecodableImageException($"{format} of {width}x{height} pixels is beyond the limit of {pixelLimit} pixels");
    }

    private static string Sniff(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [] => "an empty file",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "a GIF",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', ..] => "a WebP",
        [(byte)'B', (byte)'M', ..] => "a BMP",
        _ => "the file",
    };
}
