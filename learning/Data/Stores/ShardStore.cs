using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>A shard that a store opens.</summary>
/// <param name="Name">File name; in keys and in the fingerprint.</param>
/// <param name="Path">For messages.</param>
/// <param name="Open">Its uncompressed bytes.</param>
/// <param name="Index">Its index, given the bytes.</param>
internal sealed record ShardPlace(string Name, string Path, Func<ShardBytes> Open, Func<ShardBytes, ShardIndex> Index);

/// <summary>Tar and packed shards, from wherever their bytes come. Images whose hash is known are checked with every read.</summary>
internal sealed class ShardStore : SampleStore
{
    private readonly List<ShardBytes> _shards = [];
    private readonly List<ShardPlace> _places = [];
    private readonly List<(int Shard, ShardSample Sample)> _samples = [];

    /// <param name="shards">In the order of their samples.</param>
    /// <param name="classes">Class names, where a file tells them; packed shards tell their own.</param>
    /// <param name="options">The limit.</param>
    public ShardStore(IEnumerable<ShardPlace> shards, IReadOnlyList<string> classes, SourceOptions options)
    {
        Classes = classes;
        var notes = new List<string>();
        using var fingerprint = new FingerprintBuilder("shards");
        try
        {
            foreach (var place in shards)
            {
                if (options.Limit > 0 && _samples.Count >= options.Limit)
                    break;
                var shard = place.Open();
                _shards.Add(shard);
                _places.Add(place);
                var index = place.Index(shard);
                if (index.Classes.Count > 0)
                    Classes = index.Classes;
                notes.AddRange(index.Notes);
                fingerprint.Add(place.Name);
                foreach (var sample in index.Samples)
                {
                    if (sample.Offset < 0 || sample.Length < 0 || sample.Offset + sample.Length > shard.Length)
                        throw new UserErrorException($"{place.Path}: its index does not fit it: the shard was changed; pack or copy it again.");
                    _samples.Add((_shards.Count - 1, sample));
                    fingerprint.Add(sample.Key);
                    fingerprint.Add(sample.Label);
                    fingerprint.Add(sample.Length);
                    fingerprint.Add(unchecked((long)sample.Hash));
                }
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
        Notes = [.. notes.GroupBy(n => n).Select(g => g.Count() == 1 ? g.Key : $"{g.Key} in {g.Count()} shards")];
    }

    public override int Count => _samples.Count;

    public override string Key(int index) => $"{_places[_samples[index].Shard].Name}/{_samples[index].Sample.Key}";

    public override int? Label(int index) => _samples[index].Sample.Label is >= 0 and var label ? label : null;

    public override string? Caption(int index) => _samples[index].Sample.Caption is { Length: > 0 } caption ? caption : null;

    public override ReadOnlySpan<byte> Encoded(int index, ref byte[] scratch)
    {
        var (shard, sample) = _samples[index];
        var bytes = _shards[shard].Range(sample.Offset, sample.Length, ref scratch);
        if (sample.Hash == 0 || PackedFormat.Hash(bytes) == sample.Hash)
            return bytes;

        // What a cache kept may have been damaged there.
        bytes = _shards[shard].RangeThrough(sample.Offset, sample.Length, ref scratch);
        return PackedFormat.Hash(bytes) == sample.Hash
            ? bytes
            : throw new UserErrorException(
                $"{_places[shard].Path}: '{sample.Key}' does not match its hash: the shard was damaged or changed while it was read; put the old file back, or start a new run with the new data.");
    }

    public override void Dispose()
    {
        foreach (var shard in _shards)
            shard.Dispose();
    }
}
