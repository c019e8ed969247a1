using System.Buffers.Binary;

namespace SslOrleans.Learning.Images;

/// <summary>What the markers before a JPEG's first scan say beyond what the decoder applies by itself.</summary>
internal readonly record struct JpegMarkers(int Orientation, bool Adobe, int Channels)
{
    /// <summary>Walks the markers; anything malformed ends the walk with what is known so far.</summary>
    public static JpegMarkers Read(ReadOnlySpan<byte> jpeg)
    {
        var orientation = 1;
        var adobe = false;
        var channels = 0;
        var at = 2;
        while (at + 4 <= jpeg.Length && jpeg[at] == 0xFF)
        {
            var marker = jpeg[at + 1];
            if (marker == 0xFF)
            {
                at++;
                continue;
            }

            if (marker is 0xDA or 0xD9)
                break;
            var length = BinaryPrimitives.ReadUInt16BigEndian(jpeg[(at + 2)..]);
            if (length < 2 || at + 2 + length > jpeg.Length)
                break;
            var body = jpeg.Slice(at + 4, length - 2);
            if (marker == 0xE1 && body.StartsWith("Exif\0\0"u8))
                orientation = ExifOrientation(body[6..]);
            else if (marker == 0xEE && body.StartsWith("Adobe"u8))
                adobe = true;
            else if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC) && body.Length > 5)
                channels = body[5];
            at += 2 + length;
        }

        return new JpegMarkers(orientation, adobe, channels);
    }

    /// <summary>Tag 0x0112 of the first directory of a TIFF block; 1 (upright) when absent or malformed.</summary>
    private static int ExifOrientation(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8)
            return 1;
        var little = tiff.StartsWith("II"u8);
        if (!little && !tiff.StartsWith("MM"u8))
            return 1;
        var directory = U32(tiff[4..], little);
        if (directory > tiff.Length - 2)
            return 1;
        var entries = U16(tiff[(int)directory..], little);
        for (var i = 0; i < entries; i++)
        {
            var at = directory + 2 + (i * 12L);
            if (at + 12 > tiff.Length)
                return 1;
            var entry = tiff.Slice((int)at, 12);
            if (U16(entry, little) != 0x0112)
                continue;
            int value = U16(entry[8..], little);
            return value is >= 1 and <= 8 ? value : 1;
        }

        return 1;
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint U32(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
