using System.Buffers.Binary;
using System.Runtime.InteropServices;
using BitMiracle.LibTiff.Classic;

namespace SslOrleans.Learning.Images;

/// <summary>
/// The first picture of a TIFF to RGB pixels (LibTiff.NET). Gray, RGB and any number of channels of 8 or 16 bits, in strips or tiles, channels together
/// or apart, are read value by value, and YCbCr within JPEG; palettes, ink, fewer bits and facsimiles are refused by name.
/// </summary>
internal static class TiffDecoder
{
    // Those of pictures.
    private static readonly Compression[] s_codecs = [Compression.NONE, Compression.LZW, Compression.DEFLATE, Compression.ADOBE_DEFLATE, Compression.PACKBITS, Compression.JPEG];

    // A count of channels beyond this is damage.
    private const int MostChannels = 4096;

    static TiffDecoder() => Tiff.SetErrorHandler(new Silent());

    /// <summary>True when the bytes begin like a TIFF, or a BigTIFF.</summary>
    public static bool IsTiff(ReadOnlySpan<byte> bytes)
        => bytes is [(byte)'I', (byte)'I', 42 or 43, 0, ..] or [(byte)'M', (byte)'M', 0, 42 or 43, ..];

    /// <param name="bytes">The file.</param>
    /// <param name="target">Takes the pixels.</param>
    /// <param name="pixelLimit">Most pixels that are accepted.</param>
    /// <param name="bits">As of <see cref="ImageDecoder.Decode(ReadOnlySpan{byte}, RgbImage, long, int, int, IReadOnlyList{int}?)"/>.</param>
    /// <param name="channels">Numbers, from 0, of the channels that become red, green and blue; null: the only one, or the first three.</param>
    /// <param name="look">Told every value of 16 bits that is used.</param>
    /// <exception cref="UndecodableImageException">It is damaged, too large, or of a kind that cannot be shown in three channels.</exception>
    public static void Decode(ReadOnlySpan<byte> bytes, RgbImage target, long pixelLimit, int bits, IReadOnlyList<int>? channels, Action<int>? look = null)
    {
        try
        {
            using var tiff = Open(bytes) ?? throw new UndecodableImageException("TIFF: its header or its first directory is damaged");
            var layout = Layout.Of(tiff);
            ImageDecoder.CheckSize("TIFF", layout.Width, layout.Height, pixelLimit);
            if (!s_codecs.Contains(layout.Codec))
                throw new UndecodableImageException($"TIFF: compressed as {layout.Codec}, which is not read; save it with LZW, Deflate or none");
            if (!layout.IsPlain)
                throw new UndecodableImageException($"TIFF: {layout} are not read; save it as gray or RGB of 8 or 16 bits");
            if (layout.Photometric == Photometric.YCBCR)
                tiff.SetField(TiffTag.JPEGCOLORMODE, JpegColorMode.RGB);
            CheckBlocks(tiff, bytes.Length);
            target.Reset(layout.Width, layout.Height);
            Read(tiff, layout, target.Writable, layout.Choose(channels), bits, look);
        }
        catch (Exception e) when (e is not (UndecodableImageException or OutOfMemoryException))
        {
            // What a damaged file makes of the library: an index out of its range, a division by 0, an end too early.
            throw new UndecodableImageException($"TIFF: damaged ({e.GetType().Name})");
        }
    }

    /// <summary>What is converted when it is decoded.</summary>
    public static ImageKind Kind(ReadOnlySpan<byte> bytes)
    {
        try
        {
            using var tiff = Open(bytes);
            if (tiff is null)
                return ImageKind.Plain;
            var layout = Layout.Of(tiff);
            return !layout.IsPlain ? ImageKind.Plain : (layout.Channels <= 2 ? ImageKind.Gray : ImageKind.Plain)
                | (layout is { Photometric: Photometric.RGB, Channels: 4 } or { Channels: 2 } ? ImageKind.Alpha : ImageKind.Plain)
                | (layout.Bits == 16 ? ImageKind.SixteenBits : ImageKind.Plain);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return ImageKind.Plain;
        }
    }

    private static Tiff? Open(ReadOnlySpan<byte> bytes)
    {
        CheckDirectory(bytes);
        return Tiff.ClientOpen("image", "r", new MemoryStream(bytes.ToArray(), writable: false), new TiffStream());
    }

    /// <summary>The library takes as much memory as a tag says that it has values, before it looks whether they are there.</summary>
    private static void CheckDirectory(ReadOnlySpan<byte> bytes)
    {
        var little = bytes[0] == (byte)'I';
        if ((little ? bytes[2] : bytes[3]) == 43)
            throw new UndecodableImageException("TIFF: a BigTIFF, which is not read; save it as a TIFF");
        if (bytes.Length < 8 || U32(bytes[4..]) is var at && (at < 8 || at + 2L > bytes.Length))
            throw new UndecodableImageException("TIFF: its header is damaged");
        var count = U16(bytes[(int)at..]);
        if (count == 0 || at + 2L + (12L * count) > bytes.Length)
            throw new UndecodableImageException("TIFF: its first directory is cut short");
        for (var i = 0; i < count; i++)
        {
            var entry = bytes.Slice((int)at + 2 + (12 * i), 12);
            var values = U32(entry[4..]);
            var size = U16(entry[2..]) switch { 3 or 8 => 2L, 4 or 9 or 11 or 13 => 4, 5 or 10 or 12 => 8, _ => 1 };
            if (values * size > bytes.Length)
                throw new UndecodableImageException($"TIFF: tag {U16(entry)} of {values} values in a file of {bytes.Length} bytes");
        }

        ushort U16(ReadOnlySpan<byte> of) => little ? BinaryPrimitives.ReadUInt16LittleEndian(of) : BinaryPrimitives.ReadUInt16BigEndian(of);
        uint U32(ReadOnlySpan<byte> of) => little ? BinaryPrimitives.ReadUInt32LittleEndian(of) : BinaryPrimitives.ReadUInt32BigEndian(of);
    }

    /// <summary>The library takes as much memory as a strip or tile says that it has bytes in the file.</summary>
    private static void CheckBlocks(Tiff tiff, long fileLength)
    {
        var tiled = tiff.IsTiled();
        var (count, size) = (tiled ? tiff.NumberOfTiles() : tiff.NumberOfStrips(), tiled ? tiff.TileSize() : tiff.StripSize());
        if (count <= 0 || count > fileLength)
            throw new UndecodableImageException($"TIFF: {count} strips or tiles in a file of {fileLength} bytes");
        for (var i = 0; i < count; i++)
        {
            if ((tiled ? tiff.RawTileSize(i) : tiff.RawStripSize(i)) is var stored && (stored < 0 || stored > fileLength))
                throw new UndecodableImageException($"TIFF: {stored} bytes of a strip or tile in a file of {fileLength}");
        }

        // No codec of libtiff makes more than about a thousand times as much of its input: a claim beyond that is damage, or meant to take memory.
        if (size <= 0 || size > 16_000_000 + (2000 * fileLength))
            throw new UndecodableImageException($"TIFF: {size} bytes in a strip or tile of a file of {fileLength}");
    }

    private static void Read(Tiff tiff, Layout layout, Span<byte> rgb, int[] chosen, int bits, Action<int>? look)
    {
        var block = new byte[tiff.IsTiled() ? tiff.TileSize() : tiff.StripSize()];
        var separate = layout.Planar == PlanarConfig.SEPARATE;
        var (across, down) = tiff.IsTiled() ? (layout.TileWidth, layout.TileHeight) : (layout.Width, layout.RowsPerStrip);
        var bytesPerValue = layout.Bits / 8;
        for (var top = 0; top < layout.Height; top += down)
        {
            for (var left = 0; left < layout.Width; left += across)
            {
                for (var c = 0; c < 3; c++)
                {
                    if (c == 0 || separate)
                        Fill(left, top, separate ? chosen[c] : 0);
                    Take(left, top, c, rgb);
                }
            }
        }

        void Fill(int left, int top, int plane)
        {
            var got = tiff.IsTiled()
                ? tiff.ReadEncodedTile(tiff.ComputeTile(left, top, 0, (short)plane), block, 0, block.Length)
                : tiff.ReadEncodedStrip(tiff.ComputeStrip(top, (short)plane), block, 0, block.Length);
            var rows = Math.Min(down, layout.Height - top);
            if (got < (tiff.IsTiled() ? block.Length : rows * layout.Width * (separate ? 1 : layout.Channels) * bytesPerValue))
                throw new UndecodableImageException("TIFF: cut short or damaged");
        }

        void Take(int left, int top, int c, Span<byte> rgb)
        {
            var step = separate ? 1 : layout.Channels;
            for (var y = top; y < Math.Min(top + down, layout.Height); y++)
            {
                for (var x = left; x < Math.Min(left + across, layout.Width); x++)
                {
                    var at = ((((y - top) * across) + x - left) * step) + (separate ? 0 : chosen[c]);
                    var value = bytesPerValue == 1 ? block[at] : MemoryMarshal.Read<ushort>(block.AsSpan(2 * at));
                    if (layout.Photometric == Photometric.MINISWHITE)
                        value = (ushort)((1 << layout.Bits) - 1 - value);
                    if (bytesPerValue == 2)
                        look?.Invoke(value);
                    rgb[(((y * layout.Width) + x) * 3) + c] = bytesPerValue == 1 ? (byte)value : ImageDecoder.Reduce(value, bits, "TIFF");
                }
            }
        }
    }

    private readonly record struct Layout(
        int Width, int Height, int Channels, int Bits, SampleFormat Format, Compression Codec, Photometric Photometric, PlanarConfig Planar, bool Alpha, int RowsPerStrip, int TileWidth, int TileHeight)
    {
        /// <summary>Whole numbers of 8 or 16 bits, each a channel.</summary>
        public bool IsPlain => Bits is 8 or 16 && Format == SampleFormat.UINT
            && (Photometric is Photometric.MINISBLACK or Photometric.MINISWHITE || (Photometric == Photometric.RGB && Channels >= 3) || (Photometric == Photometric.YCBCR && Channels == 3 && Codec == Compression.JPEG));

        public static Layout Of(Tiff tiff)
        {
            var (width, height, channels) = (Int(TiffTag.IMAGEWIDTH), Int(TiffTag.IMAGELENGTH), Int(TiffTag.SAMPLESPERPIXEL));
            if (channels is < 1 or > MostChannels)
                throw new UndecodableImageException($"TIFF: {channels} channels");
            var rows = Int(TiffTag.ROWSPERSTRIP);
            return new Layout(
                width, height, channels, Int(TiffTag.BITSPERSAMPLE), (SampleFormat)Int(TiffTag.SAMPLEFORMAT), (Compression)Int(TiffTag.COMPRESSION), (Photometric)Int(TiffTag.PHOTOMETRIC), (PlanarConfig)Int(TiffTag.PLANARCONFIG),
                tiff.GetField(TiffTag.EXTRASAMPLES) is [{ } count, ..] && count.ToInt() > 0, rows <= 0 || rows > height ? height : rows, Math.Max(1, Int(TiffTag.TILEWIDTH)), Math.Max(1, Int(TiffTag.TILELENGTH)));

            int Int(TiffTag tag) => tiff.GetFieldDefaulted(tag) is [{ } first, ..] ? first.ToInt() : 0;
        }

        /// <summary>The channels that become red, green and blue.</summary>
        public int[] Choose(IReadOnlyList<int>? channels)
        {
            var count = Channels;
            if (channels is not null)
            {
                return channels.All(c => c < count)
                    ? [.. channels]
                    : throw new UndecodableImageException($"TIFF: it has {count} channels, and data.channels wants number {channels.Max()}; they are counted from 0");
            }

            // One channel; with transparency; three; with transparency. More are measurements, of which nobody has said what they are.
            return count switch
            {
                1 or 2 => [0, 0, 0],
                3 => [0, 1, 2],
                4 when Alpha || Photometric == Photometric.RGB => [0, 1, 2],
                _ => throw new UndecodableImageException($"TIFF: it has {count} channels; say in data.channels which three are red, green and blue, as in data.channels=[0,1,2]"),
            };
        }

        public override string ToString() => $"{Channels} channels of {Bits} bits ({Format}, {Photometric})";
    }

    /// <summary>What is wrong is in the exception; libtiff would print it.</summary>
    private sealed class Silent : TiffErrorHandler
    {
        public override void ErrorHandler(Tiff tif, string method, string format, params object[] args)
        {
        }

        public override void ErrorHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
        {
        }

        public override void WarningHandler(Tiff tif, string method, string format, params object[] args)
        {
        }

        public override void WarningHandlerExt(Tiff tif, object clientData, string method, string format, params object[] args)
        {
        }
    }
}
