using System.Formats.Tar;
using System.Globalization;
using System.Text;
using SslOrleans.Contracts;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Data;

/// <summary>
/// A data set for machines without one: 32×32 pictures of five shapes in two textures, ten classes. Colours, light, place, size and
/// orientation are drawn independently of the class, and the shapes have equal areas, so that the mean colour says nothing. Each has a
/// caption, which names shape, texture and size in one of several ways.
/// A pure function of the seed.
/// </summary>
public static class GeneratedImages
{
    /// <summary>Side of an image, pixels.</summary>
    public const int Size = 32;

    private const int ShardSize = 2500;
    private const int Quality = 92;

    /// <summary>Names of the classes, in label order.</summary>
    public static IReadOnlyList<string> Classes { get; } =
        [.. Enumerable.Range(0, 10).Select(label => $"{ShapePainter.Textures[TextureOf(label)]} {ShapePainter.Shapes[ShapeOf(label)]}")];

    /// <summary>
    /// Writes shards <c>generated-train-NNNNNN.tar</c> and <c>generated-test-NNNNNN.tar</c> and <c>classes.txt</c>.
    /// Label of sample i is i mod 10.
    /// </summary>
    /// <exception cref="UserErrorException">The folder holds other shards, or cannot be written.</exception>
    public static void Write(string folder, int trainCount, int testCount, ulong seed)
    {
        if (trainCount < 1 || testCount < 0)
            throw new UserErrorException($"A data set of {trainCount} training and {testCount} test images cannot be made; give positive counts.");
        try
        {
            Directory.CreateDirectory(folder);
            var stale = Directory.EnumerateFiles(folder, "*.tar").FirstOrDefault();
            if (stale is not null)
                throw new UserErrorException($"'{folder}' already holds '{Path.GetFileName(stale)}'; choose an empty folder or remove the shards.");
            foreach (var old in Directory.EnumerateFiles(folder, "generated-*.tar.part").ToList())
                File.Delete(old);
            var shards = new List<(string Split, int First, int Count)>();
            foreach (var (split, count) in new[] { ("train", trainCount), ("test", testCount) })
            {
                for (var first = 0; first < count; first += ShardSize)
                    shards.Add((split, first, Math.Min(ShardSize, count - first)));
            }

            Parallel.ForEach(shards, shard => WriteShard(folder, shard.Split, shard.First, shard.Count, seed));
            File.WriteAllLines(Path.Combine(folder, "classes.txt"), Classes);
            foreach (var (split, first, _) in shards)
                File.Move(Shard(folder, split, first) + ".part", Shard(folder, split, first));
        }
        catch (AggregateException several) when (several.InnerException is UserErrorException or IOException or UnauthorizedAccessException)
        {
            throw Unwritable(folder, several.InnerException);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(folder, failure);
        }
    }

    /// <summary>One image and its label, without any file.</summary>
    /// <param name="seed">Seed of the data set.</param>
    /// <param name="split">0 training, 1 test.</param>
    /// <param name="index">Index in the split.</param>
    public static (RgbImage Image, int Label) Draw(ulong seed, int split, int index)
    {
        var label = index % Classes.Count;
        var random = new RandomStream(seed, Purpose.GeneratedData, split, index, 0);
        return (ShapePainter.Paint(ShapeOf(label), TextureOf(label), Size, ref random), label);
    }

    /// <summary>The caption of the image of <see cref="Draw"/> with these numbers.</summary>
    /// <inheritdoc cref="Draw"/>
    public static string Caption(ulong seed, int split, int index)
    {
        var label = index % Classes.Count;
        var random = new RandomStream(seed, Purpose.GeneratedData, split, index, 1);
        var size = ShapePainter.SizeOf(Size, new RandomStream(seed, Purpose.GeneratedData, split, index, 0));
        return ShapeCaptions.Of(ShapeOf(label), TextureOf(label), size, ref random);
    }

    // Every texture comes with two shapes and every shape with two textures: one of them alone tells half of the classes.
    private static int TextureOf(int label) => label % 5;

    private static int ShapeOf(int label) => ((label % 5) + (label / 5 * 2)) % 5;

    private static void WriteShard(string folder, string split, int first, int count, ulong seed)
    {
        using var file = File.Create(Shard(folder, split, first) + ".part");
        using var tar = new TarWriter(file, TarEntryFormat.Ustar);
        for (var i = first; i < first + count; i++)
        {
            var (image, label) = Draw(seed, split == "train" ? 0 : 1, i);
            Add(tar, i, "jpg", ImageEncoder.Jpeg(image, Quality));
            Add(tar, i, "cls", Encoding.ASCII.GetBytes(label.ToString(CultureInfo.InvariantCulture)));
            Add(tar, i, "txt", Encoding.ASCII.GetBytes(Caption(seed, split == "train" ? 0 : 1, i)));
        }
    }

    private static void Add(TarWriter tar, int index, string extension, byte[] bytes)
    {
        using var content = new MemoryStream(bytes);
        tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, string.Create(CultureInfo.InvariantCulture, $"{index:D6}.{extension}"))
        {
            DataStream = content,
            ModificationTime = DateTimeOffset.UnixEpoch,
            Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
        });
    }

    private static string Shard(string folder, string split, int first) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"generated-{split}-{first / ShardSize:D6}.tar"));

    private static Exception Unwritable(string folder, Exception failure) => failure as UserErrorException
        ?? new UserErrorException($"Cannot write the data set into '{folder}': {failure.Message}; free space or choose another folder.", failure);
}
