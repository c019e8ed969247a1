namespace SslOrleans.Learning.Data;

/// <summary>How a source is opened.</summary>
public sealed record SourceOptions
{
    /// <summary>Use only so many images: the first ones; of class folders, the first ones of each class in turn. 0: all.</summary>
    public int Limit { get; init; }

    /// <summary>Memory for shards and decoded images, bytes. What goes beyond is read from disk each time.</summary>
    public long MemoryLimit { get; init; } = 2L << 30;

    /// <summary>Decoded images of at most so many bytes are kept (within <see cref="MemoryLimit"/>); larger ones are decoded each time.</summary>
    public int KeepDecodedBytes { get; init; } = 96 * 96 * 3;

    /// <summary>Images with more pixels are refused as undecodable before any memory is taken.</summary>
    public long PixelLimit { get; init; } = 100_000_000;

    /// <summary>The share of a data set's images that may be undecodable, and be replaced by their neighbours.</summary>
    public const double MostUndecodable = 0.01;

    /// <summary>
    /// Share of the images that may be found undecodable; once there are more nothing can be read any more. A training sets it to 1 and
    /// decides by the positions that it has used: who else reads the images beside it, and which process found which, must not matter.
    /// </summary>
    public double UndecodableLimit { get; init; } = MostUndecodable;

    /// <summary>
    /// JPEGs are decoded at 1/2, 1/4 or 1/8 size as long as the shorter side keeps at least so many pixels. 0: always at full size.
    /// Depends on the image alone, so all views of a sample see the same pixels.
    /// </summary>
    public int DecodeShortSide { get; init; } = 512;

    /// <summary>Bits that images of 16 bits use, 8 … 16: their range becomes 0 … 255. 0: the upper 8 of 16.</summary>
    public int Bits { get; init; }

    /// <summary>Numbers, from 0, of the channels that become red, green and blue; null: those that an image calls so.</summary>
    public IReadOnlyList<int>? Channels { get; init; }

    /// <summary>Where compressed shards beyond <see cref="MemoryLimit"/> are unpacked; removed on dispose. Null: the system's temporary folder.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>Most bytes that <see cref="CacheFolder"/> may take.</summary>
    public long CacheLimit { get; init; } = 200L << 30;
}
