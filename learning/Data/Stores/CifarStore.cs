using System.IO.Hashing;
using SslOrleans.Contracts;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>CIFAR-10's and CIFAR-100's binary files: records of one or two label bytes and three planes of 32×32 bytes.</summary>
internal sealed class CifarStore : PlainPixelStore
{
    private const int Side = 32;
    private const int Pixels = 3 * Side * Side;

    private readonly List<byte[]> _files = [];
    private readonly List<string> _names = [];
    private readonly int _labelBytes;
    private readonly int _perFile;

    private CifarStore(string[] paths, int labelBytes, int classCount, string[]? classes, SourceOptions options)
    {
        _labelBytes = labelBytes;
        Classes = classes ?? [];
        var record = labelBytes + Pixels;
        using var fingerprint = new FingerprintBuilder("cifar");
        foreach (var path in paths)
        {
            var bytes = File.ReadAllBytes(path);
            if (bytes.Length == 0 || bytes.Length % record != 0)
                throw new UserErrorException($"{path}: {bytes.Length} bytes are no whole number of {record}-byte records; download it again.");
            for (var i = 0; i < bytes.Length; i += record)
            {
                if (bytes[i + labelBytes - 1] >= classCount)
                    throw new UserErrorException($"{path}: record {i / record} has the label {bytes[i + labelBytes - 1]} of {classCount} classes; download it again.");
            }

            _files.Add(bytes);
            _names.Add(Path.GetFileName(path));
            fingerprint.Add(Path.GetFileName(path));
            fingerprint.Add(XxHash128.Hash(bytes));
        }

        _perFile = _files[0].Length / record;
        if (_files.Any(file => file.Length != _files[0].Length))
            throw new UserErrorException($"{Path.GetDirectoryName(paths[0])}: the CIFAR files have different lengths; download them again.");
        Count = options.Limit > 0 ? Math.Min(options.Limit, _perFile * _files.Count) : _perFile * _files.Count;
        fingerprint.Add(Count);
        Fingerprint = fingerprint.Finish();
    }

    public override int Count { get; }

    /// <summary>Whether the folder holds the split as CIFAR files.</summary>
    public static bool Holds(string folder, bool train) => Find(folder, train) is not null;

    /// <summary>The split's store, or null when the folder holds no CIFAR files.</summary>
    public static CifarStore? TryOpen(string folder, bool train, SourceOptions options) =>
        Find(folder, train) is var (files, labelBytes, classCount, names)
            ? new CifarStore(files, labelBytes, classCount, Names(names), options)
            : null;

    public override string Key(int index) => $"{_names[index / _perFile]}/{index % _perFile}";

    public override int? Label(int index) => Record(index)[_labelBytes - 1];

    public override void Decode(int index, RgbImage target, SourceOptions options, ref byte[] scratch)
    {
        target.Reset(Side, Side);
        var planes = Record(index)[_labelBytes..];
        var pixels = target.Writable;
        for (var i = 0; i < Side * Side; i++)
        {
            pixels[i * 3] = planes[i];
            pixels[(i * 3) + 1] = planes[(Side * Side) + i];
            pixels[(i * 3) + 2] = planes[(2 * Side * Side) + i];
        }
    }

    private ReadOnlySpan<byte> Record(int index) =>
        _files[index / _perFile].AsSpan(index % _perFile * (_labelBytes + Pixels), _labelBytes + Pixels);

    private static (string[] Files, int LabelBytes, int ClassCount, string Names)? Find(string folder, bool train)
    {
        foreach (var place in new[] { folder, Path.Combine(folder, "cifar-10-batches-bin"), Path.Combine(folder, "cifar-100-binary") })
        {
            if (!Directory.Exists(place))
                continue;
            var ten = train
                ? [.. Directory.EnumerateFiles(place, "data_batch_*.bin").Order(StringComparer.Ordinal)]
                : Existing(Path.Combine(place, "test_batch.bin"));
            if (ten.Length > 0)
                return (ten, 1, 10, Path.Combine(place, "batches.meta.txt"));
            var names = Path.Combine(place, "fine_label_names.txt");
            var hundred = File.Exists(names) ? Existing(Path.Combine(place, train ? "train.bin" : "test.bin")) : [];
            if (hundred.Length > 0)
                return (hundred, 2, 100, names);
        }

        return null;
    }

    private static string[] Existing(string path) => File.Exists(path) ? [path] : [];

    private static string[]? Names(string path) =>
        File.Exists(path) ? [.. File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0)] : null;
}
