namespace SslOrleans.Learning.Images;

/// <summary>What of an encoded image is not three channels of 8 bits, and is converted when it is decoded. Read from its header alone.</summary>
[Flags]
public enum ImageKind
{
    /// <summary>Nothing: it is RGB, or cannot be told.</summary>
    Plain = 0,

    /// <summary>One channel, which becomes three equal ones.</summary>
    Gray = 1,

    /// <summary>A channel of transparency, which is dropped.</summary>
    Alpha = 2,

    /// <summary>16 bits a channel, which become 8.</summary>
    SixteenBits = 4,

    /// <summary>Ink and not light, which is turned into RGB.</summary>
    Ink = 8,

    /// <summary>Numbers of colours, which are looked up.</summary>
    Palette = 16,
}

/// <summary>Kinds of encoded images.</summary>
public static class ImageKinds
{
    /// <summary>How the sentences of <see cref="Describe"/> begin.</summary>
    public const string Converted = "converted: ";

    private static readonly (ImageKind Kind, string Words)[] s_words =
    [
        (ImageKind.Gray, "are gray and get three equal channels"),
        (ImageKind.Alpha, "have transparency, which is dropped"),
        (ImageKind.SixteenBits, "have 16 bits a channel, which become 8"),
        (ImageKind.Ink, "are CMYK and become RGB"),
        (ImageKind.Palette, "have a palette, whose colours are looked up"),
    ];

    /// <summary>The kind of a PNG, TIFF or JPEG.</summary>
    public static ImageKind Of(ReadOnlySpan<byte> bytes)
    {
        if (ImageDecoder.IsPng(bytes) && bytes.Length > 25)
        {
            var kind = bytes[25] switch { 0 => ImageKind.Gray, 3 => ImageKind.Palette, 4 => ImageKind.Gray | ImageKind.Alpha, 6 => ImageKind.Alpha, _ => ImageKind.Plain };
            return bytes[24] == 16 ? kind | ImageKind.SixteenBits : kind;
        }

        if (TiffDecoder.IsTiff(bytes))
            return TiffDecoder.Kind(bytes);
        return ImageDecoder.IsJpeg(bytes) ? JpegMarkers.Read(bytes).Channels switch { 1 => ImageKind.Gray, 4 => ImageKind.Ink, _ => ImageKind.Plain } : ImageKind.Plain;
    }

    /// <summary>What is converted, a sentence for each kind that is there.</summary>
    /// <param name="kinds">Of the images that were looked at.</param>
    public static IEnumerable<string> Describe(IReadOnlyCollection<ImageKind> kinds)
        => from word in s_words
           let count = kinds.Count(k => k.HasFlag(word.Kind))
           where count > 0
           select $"{Converted}{count} of the {kinds.Count} images that were looked at {word.Words}";
}
