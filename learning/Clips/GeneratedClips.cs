using System.Formats.Tar;
using System.Globalization;
using SslOrleans.Contracts;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Clips;

/// <summary>
/// Videos for machines without any: twelve frames of 32×32 pixels in which a shape moves in one of eight ways, the class; shape, size, brightness, place, the light, which
/// flickers, and noise are drawn independently of it, and no frame alone tells it. Label of video i is class i mod 8. A pure function of the seed.
/// </summary>
public static class GeneratedClips
{
    /// <summary>Side of a frame, pixels.</summary>
    public const int Size = 32;

    private const int Frames = 12;
    private const int ShardSize = 500;
    private const int Quality = 90;

    /// <summary>Names of the classes, in label order.</summary>
    public static IReadOnlyList<string> Classes { get; } = ["right", "left", "down", "up", "clockwise", "counterclockwise", "growing", "shrinking"];

    /// <summary>Writes shards <c>generated-train-NNNNNN.tar</c> and <c>generated-test-NNNNNN.tar</c> with <c>CLASS/NNNNN/NN.jpg</c>.</summary>
    /// <exception cref="UserErrorException">The folder holds shards, or cannot be written.</exception>
    public static void Write(string folder, int train, int test, ulong seed)
    {
        try
        {
            Directory.CreateDirectory(folder);
            if (Directory.EnumerateFiles(folder, "*.tar").FirstOrDefault() is { } there)
                throw new UserErrorException($"'{folder}' already holds '{Path.GetFileName(there)}'; choose an empty folder or remove the shards.");
            foreach (var (name, split, count) in new[] { ("train", 0, train), ("test", 1, test) })
            {
                for (var first = 0; first < count; first += ShardSize)
                {
                    using var tar = new TarWriter(File.Create(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"generated-{name}-{first / ShardSize:D6}.tar"))), TarEntryFormat.Ustar);
                    for (var i = first; i < Math.Min(count, first + ShardSize); i++)
                        Add(tar, string.Create(CultureInfo.InvariantCulture, $"{Classes[i % Classes.Count]}/{i:D5}"), Draw(seed, split, i));
                }
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot write the videos into '{folder}': {failure.Message}; free space or choose another folder.", failure);
        }
    }

    /// <summary>The frames of one video.</summary>
    /// <param name="seed">Seed of the data set.</param>
    /// <param name="split">0 training, 1 test.</param>
    /// <param name="index">Index in the split.</param>
    public static IReadOnlyList<RgbImage> Draw(ulong seed, int split, int index)
    {
        var random = new RandomStream(seed, Purpose.GeneratedData, split, index, 5);
        var motion = index % Classes.Count;
        var (shape, radius) = ((int)random.NextUInt32(3), random.NextSingle(3.5f, 5.5f));
        var (x, y) = (random.NextSingle(9, 23), random.NextSingle(9, 23));
        var (speed, turn, bright) = (random.NextSingle(0.8f, 1.4f), random.NextSingle(0, 360), random.NextSingle(45, 85) * (random.NextBool(0.5f) ? 1 : -1));
        var frames = new List<RgbImage>();
        for (var t = 0; t < Frames; t++)
        {
            var time = t - ((Frames - 1) / 2f);
            var (sin, cos) = PortableMath.SinCosDegrees(turn + (motion == 5 ? -1 : 1) * time * speed * 24);
            var (dx, dy) = motion switch
            {
                0 => (speed * time, 0f),
                1 => (-speed * time, 0f),
                2 => (0f, speed * time),
                3 => (0f, -speed * time),
                4 or 5 => ((float)cos * 5, (float)sin * 5),
                _ => (0f, 0f),
            };
            var size = motion switch { 6 => radius + (speed * time * 0.4f), 7 => radius - (speed * time * 0.4f), _ => radius };
            frames.Add(Paint(shape, x + dx, y + dy, Math.Max(1.5f, size), bright, ref random));
        }

        return frames;
    }

    /// <summary>A gray ground with noise of its own in each frame, and a shape that is brighter or darker.</summary>
    private static RgbImage Paint(int shape, float x, float y, float radius, float contrast, ref RandomStream random)
    {
        var image = new RgbImage(Size, Size);
        var pixels = image.Writable;
        var light = random.NextSingle(95, 160);
        for (var i = 0; i < Size * Size; i++)
        {
            var (dx, dy) = (Math.Abs((i % Size) + 0.5f - x), Math.Abs((i / Size) + 0.5f - y));
            var distance = shape switch { 0 => MathF.Sqrt((dx * dx) + (dy * dy)), 1 => Math.Max(dx, dy) * 1.13f, _ => (dx + dy) * 0.8f };
            var cover = Math.Clamp(radius - distance + 0.5f, 0, 1);
            var value = Math.Clamp(light + (contrast * cover) + random.NextSingle(-40, 40), 0, 255);
            pixels.Slice(3 * i, 3).Fill((byte)value);
        }

        return image;
    }

    private static void Add(TarWriter tar, string clip, IReadOnlyList<RgbImage> frames)
    {
        foreach (var (t, frame) in frames.Index())
        {
            using var content = new MemoryStream(ImageEncoder.Jpeg(frame, Quality));
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, string.Create(CultureInfo.InvariantCulture, $"{clip}/{t:D2}.jpg")) { DataStream = content, ModificationTime = DateTimeOffset.UnixEpoch });
        }
    }
}
