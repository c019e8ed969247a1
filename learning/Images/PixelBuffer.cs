using System.Numerics;

namespace SslOrleans.Learning.Images;

/// <summary>
/// A view under work: one word a pixel, red in the lowest byte, then green and blue, the highest byte zero; rows follow each other without gaps.
/// The array is longer than the view, so that vectors may run over its end; what lies there is undefined.
/// </summary>
internal sealed class PixelBuffer
{
    private uint[] _words = [];

    public int Width { get; private set; }

    public int Height { get; private set; }

    public int Count => Width * Height;

    public Span<uint> Pixels => _words.AsSpan(0, Count);

    /// <summary>The pixels rounded up to whole vectors.</summary>
    public Span<uint> Vectors => _words.AsSpan(0, (Count + Vector<uint>.Count - 1) / Vector<uint>.Count * Vector<uint>.Count);

    /// <summary>All words: at least two vectors more than there are pixels.</summary>
    public Span<uint> Padded => _words;

    public void Reset(int width, int height)
    {
        var words = (width * height) + (2 * Vector<uint>.Count) + 16;
        if (_words.Length < words)
            _words = new uint[words];
        Width = width;
        Height = height;
    }

    public RgbImage ToImage()
    {
        var image = new RgbImage(Width, Height);
        var bytes = image.Writable;
        for (var i = 0; i < Count; i++)
        {
            var word = _words[i];
            bytes[i * 3] = (byte)word;
            bytes[(i * 3) + 1] = (byte)(word >> 8);
            bytes[(i * 3) + 2] = (byte)(word >> 16);
        }

        return image;
    }

    public void Swap(PixelBuffer other)
    {
        (_words, other._words) = (other._words, _words);
        (Width, other.Width) = (other.Width, Width);
        (Height, other.Height) = (other.Height, Height);
    }
}
