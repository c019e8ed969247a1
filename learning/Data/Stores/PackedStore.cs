using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>Packed shards (<see cref="PackedFormat"/>).</summary>
internal sealed class PackedStore : SampleStore
{
    private readonly List<FileShard> _shards = [];
    private readonly List<string> _paths = [];
    private readonly List<(int Shard, PackedSample Sample)> _samples = [];

    public PackedStore(IReadOnlyList<string> paths, SourceOptions options)
    {
        using var fingerprint = new FingerprintBuilder("packed");
        try
        {
            foreach (var path in paths)
            {
                if (options.Limit > 0 && _samples.Count >= options.Limit)
                    break;
                var shard = new FileShard(path);
                _shards.Add(shard);
                _paths.Add(path);
                var (samples, classes, indexHash) = PackedFormat.ReadEnd(shard, path);
                if (samples.Count == 0)
                    throw new UserErrorException($"{path}: the shard holds no image; remove it or pack it again.");
                Classes = classes;
                _samples.AddRange(samples.Select(sample => (_shards.Count - 1, sample)));
                // The index holds a hash of every image, so its hash stands for the content.
                fingerprint.Add(Path.GetFileName(path));
                fingerprint.Add(indexHash);
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        if (options.Limit > 0 && _samples.Count > options.Limit)
            _samples.RemoveRange(options.Limit, _samples.Count - options.Limit);
        fingerprint.Add(_samples.Count);
        Fingerprint = fingerprint.Finish();
    }

    public override int Count => _samples.Count;

    public override string Key(int index) => $"{Path.GetFileName(_paths[_samples[index].Shard])}/{_samples[index].Sample.Key}";

    public override int? Label(int index) => _samples[index].Sample.Label is >= 0 and var label ? label : null;

    public override string? Caption(int index) => _samples[index].Sample.Caption is { Length: > 0 } caption ? caption : null;

    public override ReadOnlySpan<byte> Encoded(int index, ref byte[] scratch)
    {
        var (shard, sample) = _samples[index];
        var bytes = _shards[shard].Range(sample.Offset, sample.Length, ref scratch);
        if (PackedFormat.Hash(bytes) != sample.Hash)
            throw new UserErrorException($"{_paths[shard]}: '{sample.Key}' does not match its hash: the shard was damaged or changed; pack or copy it again.");
        return bytes;
    }

    public override void Dispose()
    {
        foreach (var shard in _shards)
            shard.Dispose();
    }
}
