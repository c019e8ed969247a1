using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data.Native;

namespace SslOrleans.Learning.Data;

/// <summary>RGB pixels to JPEG (libjpeg-turbo) and PNG.</summary>
public static unsafe class ImageEncoder
{
    [ThreadStatic]
    private static TurboJpeg.Handle? t_compressor;

    internal static ReadOnlySpan<byte> PngSignature => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>JPEG bytes. Chroma is halved below quality 95.</summary>
    /// <param name="image">The pixels.</param>
    /// <param name="quality">1 … 100.</param>
    public static byte[] Jpeg(RgbImage image, int quality)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        try
        {
            var handle = (t_compressor ??= new TurboJpeg.Handle(TurboJpeg.tjInitCompress())).Value;
            var sampling = quality < 95 ? TurboJpeg.Sampling420 : TurboJpeg.Sampling444;
            var size = TurboJpeg.tjBufSize(image.Width, image.Height, sampling);
            var buffer = new byte[size.Value];
            fixed (byte* pixels = image.Pixels)
            fixed (byte* target = buffer)
            {
                var jpeg = target;
                var result = TurboJpeg.tjCompress2(
                    handle, pixels, image.Width, image.Width * 3, image.Height, TurboJpeg.PixelRgb, ref jpeg, ref size,
                    sampling, quality, TurboJpeg.FlagAccurateDct | TurboJpeg.FlagNoRealloc);
                if (result != 0)
                    throw new InvalidOperationException("JPEG encoding: " + TurboJpeg.Error(handle));
            }

            return buffer.AsSpan(0, (int)size.Value).ToArray();
        }
        catch (DllNotFoundException missing)
        {
            throw new UserErrorException("libturbojpeg is missing: apt install libturbojpeg0-dev", missing);
        }
    }

    /// <summary>PNG bytes, 8-bit RGB.</summary>
    public static byte[] Png(RgbImage image)
    {
        using var output = new MemoryStream();
        output.Write(PngSignature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], image.Height);
        header[8] = 8;
        header[9] = 2;
        header[10..].Clear();
        Chunk(output, "IHDR"u8, header);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            // Filter 1 (difference to the left neighbour) on every row.
            var row = new byte[1 + (image.Width * 3)];
            for (var y = 0; y < image.Height; y++)
            {
                var pixels = image.Pixels.Slice(y * image.Width * 3, image.Width * 3);
                row[0] = 1;
                for (var i = 0; i < pixels.Length; i++)
                    row[i + 1] = (byte)(pixels[i] - (i < 3 ? 0 : pixels[i - 3]));
                zlib.Write(row);
            }
        }

        Chunk(output, "IDAT"u8, packed.GetBuffer().AsSpan(0, (int)packed.Length));
        Chunk(output, "IEND"u8, []);
        return output.ToArray();
    }

    private static void Chunk(MemoryStream output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(word, body.Length);
        output.Write(word);
        output.Write(type);
        output.Write(body);
        var crc = new Crc32();
        crc.Append(type);
        crc.Append(body);
        BinaryPrimitives.WriteUInt32BigEndian(word, crc.GetCurrentHashAsUInt32());
        output.Write(word);
    }
}
