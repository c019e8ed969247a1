using System.Formats.Tar;
using System.Globalization;
using SslOrleans.Contracts;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Data;

/// <summary>Pictures of the size of photographs, put together from generated ones: only for measuring speed.</summary>
internal static class LargeImages
{
    private const int Width = 500;
    private const int Height = 375;

    public static void Write(string folder, int count, ulong seed)
    {
        try
        {
            Directory.CreateDirectory(folder);
            using var file = File.Create(Path.Combine(folder, "large-train-000000.tar"));
            using var tar = new TarWriter(file, TarEntryFormat.Ustar);
            for (var i = 0; i < count; i++)
            {
                using var content = new MemoryStream(ImageEncoder.Jpeg(Draw(seed, i), 92));
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, string.Create(CultureInfo.InvariantCulture, $"{i:D6}.jpg")) { DataStream = content });
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot write pictures into '{folder}': {failure.Message}; free space or choose another folder.", failure);
        }
    }

    private static RgbImage Draw(ulong seed, int index)
    {
        const int Tile = GeneratedImages.Size;
        var collage = new RgbImage(4 * Tile, 3 * Tile);
        for (var t = 0; t < 12; t++)
        {
            var tile = GeneratedImages.Draw(seed, 0, (index * 12) + t).Image;
            for (var y = 0; y < Tile; y++)
                tile.Pixels.Slice(y * Tile * 3, Tile * 3).CopyTo(collage.Writable[(((((t / 4 * Tile) + y) * 4 * Tile) + (t % 4 * Tile)) * 3)..]);
        }

        var image = ImageResizer.Resize(collage, Width, Height);
        var grain = new RandomStream(seed, Purpose.GeneratedData, 2, index, 0);
        foreach (ref var value in image.Writable)
            value = (byte)Math.Clamp(value + grain.NextSingle(-6f, 6f), 0f, 255f);
        return image;
    }
}
