using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>
/// Where samples come from: keys, labels and encoded bytes. <see cref="ImageSource"/> adds decoding, keeping and replacement,
/// so that a store is only about one format. Safe for any number of threads.
/// </summary>
internal abstract class SampleStore : IDisposable
{
    public abstract int Count { get; }

    public IReadOnlyList<string> Classes { get; protected set; } = [];

    public IReadOnlyList<string> Notes { get; protected set; } = [];

    /// <summary>Hexadecimal SHA-256 over all that tells two data sets apart.</summary>
    public string Fingerprint { get; protected set; } = "";

    /// <summary>Whether small decoded images are worth keeping.</summary>
    public virtual bool KeepDecoded => true;

    public abstract string Key(int index);

    public abstract int? Label(int index);

    public virtual string? Caption(int index) => null;

    /// <summary>Encoded bytes: a span of memory that the store holds, or of <paramref name="scratch"/>, which may be replaced by a larger one.</summary>
    public abstract ReadOnlySpan<byte> Encoded(int index, ref byte[] scratch);

    /// <summary>Decodes one image; stores of plain pixels override this.</summary>
    /// <exception cref="UndecodableImageException">The bytes are no image.</exception>
    public virtual void Decode(int index, RgbImage target, SourceOptions options, ref byte[] scratch) =>
        ImageDecoder.Decode(Encoded(index, ref scratch), target, options.PixelLimit, options.DecodeShortSide, options.Bits, options.Channels);

    public virtual void Dispose()
    {
    }
}
