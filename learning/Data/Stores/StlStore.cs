using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;
using SslOrleans.Contracts;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>
/// STL-10's binary files: three planes of 96×96 bytes an image, each plane column by column; labels from 1. The split
/// <c>unlabeled</c> has none. Images are read from disk by range.
/// </summary>
internal sealed class StlStore : PlainPixelStore
{
    private const int Side = 96;
    private const int ImageLength = 3 * Side * Side;

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly byte[]? _labels;

    private StlStore(string folder, string split, SourceOptions options)
    {
        _path = Path.Combine(folder, $"{split}_X.bin");
        _file = File.OpenHandle(_path, options: FileOptions.RandomAccess);
        try
        {
            var length = RandomAccess.GetLength(_file);
            if (length == 0 || length % ImageLength != 0)
                throw new UserErrorException($"{_path}: {length} bytes are no whole number of images of {ImageLength} bytes; download it again.");
            var count = checked((int)(length / ImageLength));
            var labels = Path.Combine(folder, $"{split}_y.bin");
            if (File.Exists(labels))
            {
                _labels = File.ReadAllBytes(labels);
                if (_labels.Length != count || _labels.Any(l => l is 0 or > 10))
                    throw new UserErrorException($"{labels}: does not hold the labels 1 to 10 of {count} images; download it again.");
            }

            var names = Path.Combine(folder, "class_names.txt");
            Classes = File.Exists(names) ? [.. File.ReadLines(names).Select(l => l.Trim()).Where(l => l.Length > 0)] : [];
            Count = options.Limit > 0 ? Math.Min(options.Limit, count) : count;
            using var fingerprint = new FingerprintBuilder("stl");
            fingerprint.Add(split);
            fingerprint.Add(length);
            fingerprint.Add(XxHash128.Hash(_labels ?? []));
            fingerprint.Add(ContentHash(Count));
            fingerprint.Add(Count);
            Fingerprint = fingerprint.Finish();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public override int Count { get; }

    /// <summary>Whether the folder holds the split as STL-10 files.</summary>
    public static bool Holds(string folder, string split) => File.Exists(Path.Combine(folder, $"{Name(split)}_X.bin"));

    /// <summary>The split's store, or null when the folder holds no STL-10 files of it.</summary>
    public static StlStore? TryOpen(string folder, string split, SourceOptions options) => Holds(folder, split) ? new StlStore(folder, Name(split), options) : null;

    public override string Key(int index) => $"{Path.GetFileName(_path)}/{index}";

    public override int? Label(int index) => _labels is { } labels ? labels[index] - 1 : null;

    public override void Decode(int index, RgbImage target, SourceOptions options, ref byte[] scratch)
    {
        if (scratch.Length < ImageLength)
            scratch = new byte[ImageLength];
        Read((long)index * ImageLength, scratch.AsSpan(0, ImageLength));
        target.Reset(Side, Side);
        var pixels = target.Writable;
        for (var c = 0; c < 3; c++)
        {
            for (var x = 0; x < Side; x++)
            {
                for (var y = 0; y < Side; y++)
                    pixels[(((y * Side) + x) * 3) + c] = scratch[(((c * Side) + x) * Side) + y];
            }
        }
    }

    public override void Dispose() => _file.Dispose();

    private static string Name(string split) => split is "val" or "validation" ? "test" : split;

    /// <summary>Hash of the first images: all of them up to 1 GiB.</summary>
    private byte[] ContentHash(int count)
    {
        var hash = new XxHash128();
        var buffer = new byte[64 * ImageLength];
        for (var i = 0; i < Math.Min(count, (1 << 30) / ImageLength); i += 64)
        {
            var part = buffer.AsSpan(0, Math.Min(64, count - i) * ImageLength);
            Read((long)i * ImageLength, part);
            hash.Append(part);
        }

        return hash.GetCurrentHash();
    }

    private void Read(long offset, Span<byte> target)
    {
        for (var read = 0; read < target.Length;)
        {
            var got = RandomAccess.Read(_file, target[read..], offset + read);
            if (got == 0)
                throw new UserErrorException($"{_path}: the file changed while the run was reading it; put the old file back, or start a new run with the new data.");
            read += got;
        }
    }
}
