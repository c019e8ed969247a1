using System.Formats.Tar;
using System.Globalization;
using System.Text;
using SslOrleans.Contracts;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Clips;

/// <summary>
/// Recorded trajectories for machines without any: 24 frames of 32×32 pixels; a cross goes right, left, down or up by what is done, three pixels at a time, and stops at the walls; two
/// squares wander by themselves, the light flickers. The state is the place of the cross. A pure function of the seed.
/// </summary>
public static class GeneratedTrajectories
{
    private const int Size = 32;
    private const int Frames = 24;
    private const int Quality = 90;

    /// <summary>Writes <c>generated-train-000000.tar</c> and <c>generated-test-000000.tar</c> with <c>NNNNN/NN.jpg</c>, <c>actions.txt</c>, <c>states.txt</c>.</summary>
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
                using var tar = new TarWriter(File.Create(Path.Combine(folder, $"generated-{name}-000000.tar")), TarEntryFormat.Ustar);
                for (var i = 0; i < count; i++)
                    Add(tar, i, new RandomStream(seed, Purpose.GeneratedData, split, i, 6));
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot write the trajectories into '{folder}': {failure.Message}; free space or choose another folder.", failure);
        }
    }

    private static void Add(TarWriter tar, int index, RandomStream random)
    {
        var (x, y) = (random.NextSingle(5, 27), random.NextSingle(5, 27));
        var others = Enumerable.Range(0, 2).Select(_ => (X: random.NextSingle(4, 28), Y: random.NextSingle(4, 28))).ToArray();
        var (actions, states) = (new StringBuilder(), new StringBuilder());
        for (var t = 0; t < Frames; t++)
        {
            Entry(tar, string.Create(CultureInfo.InvariantCulture, $"{index:D5}/{t:D2}.jpg"), ImageEncoder.Jpeg(Paint(x, y, others, ref random), Quality));
            states.Append(CultureInfo.InvariantCulture, $"{x:0.##} {y:0.##}\n");
            var action = (int)random.NextUInt32(4);
            actions.Append(CultureInfo.InvariantCulture, $"{action}\n");
            (x, y) = (Math.Clamp(x + (action == 0 ? 3 : action == 1 ? -3 : 0), 5, 27), Math.Clamp(y + (action == 2 ? 3 : action == 3 ? -3 : 0), 5, 27));
            foreach (ref var other in others.AsSpan())
                other = (Math.Clamp(other.X + random.NextSingle(-3, 3), 4, 28), Math.Clamp(other.Y + random.NextSingle(-3, 3), 4, 28));
        }

        Entry(tar, string.Create(CultureInfo.InvariantCulture, $"{index:D5}/actions.txt"), Encoding.ASCII.GetBytes(actions.ToString()));
        Entry(tar, string.Create(CultureInfo.InvariantCulture, $"{index:D5}/states.txt"), Encoding.ASCII.GetBytes(states.ToString()));
    }

    private static RgbImage Paint(float x, float y, (float X, float Y)[] others, ref RandomStream random)
    {
        var image = new RgbImage(Size, Size);
        var pixels = image.Writable;
        var light = random.NextSingle(100, 150);
        for (var i = 0; i < Size * Size; i++)
        {
            var (column, row) = ((i % Size) + 0.5f, (i / Size) + 0.5f);
            var (dx, dy) = (Math.Abs(column - x), Math.Abs(row - y));
            var value = light + random.NextSingle(-20, 20);
            if ((dx < 1.2f && dy < 4) || (dy < 1.2f && dx < 4))
                value += 80;
            else if (others.Any(o => Math.Max(Math.Abs(column - o.X), Math.Abs(row - o.Y)) < 2.6f))
                value += 80;
            pixels.Slice(3 * i, 3).Fill((byte)Math.Clamp(value, 0, 255));
        }

        return image;
    }

    private static void Entry(TarWriter tar, string name, byte[] bytes)
    {
        using var content = new MemoryStream(bytes);
        tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = content, ModificationTime = DateTimeOffset.UnixEpoch });
    }
}
