using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using SslOrleans.Contracts;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>IDX files as of MNIST and Fashion-MNIST, plain or gzipped: gray images, shown as RGB, and optional labels.</summary>
internal sealed class IdxStore : PlainPixelStore
{
    private const int ImagesMagic = 0x803;
    private const int LabelsMagic = 0x801;

    private readonly string _name;
    private readonly byte[] _images;
    private readonly byte[]? _labels;
    private readonly int _width;
    private readonly int _height;

    private IdxStore(string images, string? labels, SourceOptions options)
    {
        _name = Path.GetFileName(images);
        _images = Load(images);
        var count = Header(_images, images, ImagesMagic, 16);
        _height = BinaryPrimitives.ReadInt32BigEndian(_images.AsSpan(8));
        _width = BinaryPrimitives.ReadInt32BigEndian(_images.AsSpan(12));
        if (_width <= 0 || _height <= 0 || count <= 0 || (long)count * _width * _height != _images.Length - 16)
            throw new UserErrorException($"{images}: {_images.Length} bytes do not hold {count} images of {_width}x{_height}; download it again.");
        using var fingerprint = new FingerprintBuilder("idx");
        fingerprint.Add(_name);
        fingerprint.Add(XxHash128.Hash(_images));
        if (labels is not null)
        {
            _labels = Load(labels);
            if (Header(_labels, labels, LabelsMagic, 8) != count || _labels.Length != count + 8)
                throw new UserErrorException($"{labels}: does not hold the labels of {count} images; download it again.");
            fingerprint.Add(XxHash128.Hash(_labels));
        }

        Count = options.Limit > 0 ? Math.Min(options.Limit, count) : count;
        fingerprint.Add(Count);
        Fingerprint = fingerprint.Finish();
    }

    public override int Count { get; }

    /// <summary>Whether the folder holds the split as IDX files.</summary>
    public static bool Holds(string folder, bool train) => Find(folder, (train ? "train" : "t10k") + "-images") is not null;

    /// <summary>The split's store, or null when the folder holds no IDX files.</summary>
    public static IdxStore? TryOpen(string folder, bool train, SourceOptions options)
    {
        var prefix = train ? "train" : "t10k";
        var images = Find(folder, prefix + "-images");
        return images is null ? null : new IdxStore(images, Find(folder, prefix + "-labels"), options);
    }

    public override string Key(int index) => $"{_name}/{index}";

    public override int? Label(int index) => _labels?[8 + index];

    public override void Decode(int index, RgbImage target, SourceOptions options, ref byte[] scratch)
    {
        target.Reset(_width, _height);
        var gray = _images.AsSpan(16 + (index * _width * _height), _width * _height);
        var pixels = target.Writable;
        for (var i = 0; i < gray.Length; i++)
            pixels.Slice(i * 3, 3).Fill(gray[i]);
    }

    private static string? Find(string folder, string start) =>
        Directory.EnumerateFiles(folder, start + "*").Where(path => path.Contains("idx", StringComparison.Ordinal)).Order(StringComparer.Ordinal).FirstOrDefault();

    private static byte[] Load(string path)
    {
        try
        {
            if (!path.EndsWith(".gz", StringComparison.Ordinal))
                return File.ReadAllBytes(path);
            using var gzip = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            using var memory = new MemoryStream();
            gzip.CopyTo(memory);
            return memory.ToArray();
        }
        catch (InvalidDataException damaged)
        {
            throw new UserErrorException($"{path}: damaged gzip ({damaged.Message}); download it again.", damaged);
        }
    }

    private static int Header(byte[] bytes, string path, int magic, int length) =>
        bytes.Length >= length && BinaryPrimitives.ReadInt32BigEndian(bytes) == magic
            ? BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4))
            : throw new UserErrorException($"{path}: not an IDX file of the expected kind; download it again.");
}
