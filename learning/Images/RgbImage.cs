
namespace SslOrleans.Learning.Images;

/// <summary>
/// A decoded 8-bit RGB image, rows from top to bottom, pixels interleaved: byte (y·Width + x)·3 + channel.
/// An image that a source hands out may be shared between threads: read it, never write it.
/// </summary>
public sealed class RgbImage
{
    // A renderer may load a whole 4-byte word at the last pixel.
    internal const int Padding = 16;

    private byte[] _bytes;

    /// <summary>An empty image, to be filled by a decoder.</summary>
    public RgbImage() => _bytes = new byte[Padding];

    /// <summary>A black image.</summary>
    public RgbImage(int width, int height)
    {
        _bytes = [];
        Reset(width, height);
    }

    /// <summary>A copy of interleaved pixels, <c>height · width · 3</c> bytes.</summary>
    public RgbImage(int width, int height, ReadOnlySpan<byte> pixels)
        : this(width, height)
    {
        if (pixels.Length != ByteCount)
            throw new ArgumentException($"{pixels.Length} bytes are not {width}x{height} RGB pixels ({ByteCount} bytes).", nameof(pixels));
        pixels.CopyTo(_bytes);
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; private set; }

    /// <summary>Rows.</summary>
    public int Height { get; private set; }

    /// <summary>Bytes of pixels: <c>Height · Width · 3</c>.</summary>
    public int ByteCount => Width * Height * 3;

    /// <summary>The pixels, <c>[Height, Width, 3]</c>.</summary>
    public ReadOnlySpan<byte> Pixels => _bytes.AsSpan(0, ByteCount);

    internal Span<byte> Writable => _bytes.AsSpan(0, ByteCount);

    /// <summary>The pixels and at least <see cref="Padding"/> readable bytes behind them.</summary>
    internal ReadOnlySpan<byte> Padded => _bytes;

    internal RgbImage Clone() => new(Width, Height, Pixels);

    /// <summary>Gives the image another size and keeps its memory where that is large enough; the pixels are undefined then.</summary>
    internal void Reset(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        var bytes = checked((width * height * 3) + Padding);
        if (_bytes.Length < bytes)
            _bytes = new byte[bytes];
        Width = width;
        Height = height;
    }

    internal void TakeFrom(RgbImage other)
    {
        (_bytes, other._bytes) = (other._bytes, _bytes);
        (Width, other.Width) = (other.Width, Width);
        (Height, other.Height) = (other.Height, Height);
    }
}
