using System.Globalization;
using System.Text.Json;
using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>
/// WebDataset-style shards: the files of a sample share the name up to the first dot and lie next to each other;
/// jpg, jpeg or png is the image, cls (a number) or json ("label") the class, txt the caption.
/// </summary>
internal sealed class TarStore : SampleStore
{
    private const long ContentHashLimit = 1L << 30;

    private readonly List<ShardBytes> _shards = [];
    private readonly List<Sample> _samples = [];
    private readonly List<string> _shardNames = [];

    public TarStore(IReadOnlyList<string> paths, IReadOnlyList<string> classes, SourceOptions options)
    {
        Classes = classes;
        var unpacker = new ShardUnpacker(options);
        var ignored = new SortedDictionary<string, int>(StringComparer.Ordinal);
        using var fingerprint = new FingerprintBuilder("tar");
        // Reading all of a large data set only to hash it would cost more than it tells; its index and labels must do.
        var hashContent = paths.Sum(path => new FileInfo(path).Length) <= ContentHashLimit;
        try
        {
            foreach (var path in paths)
            {
                if (options.Limit > 0 && _samples.Count >= options.Limit)
                    break;
                var shard = unpacker.Open(path);
                _shards.Add(shard);
                var name = Path.GetFileName(path);
                _shardNames.Add(name);
                List<TarMember> members;
                using (var stream = shard.OpenStream())
                    members = TarIndex.Read(stream, path);
                var first = _samples.Count;
                Collect(path, shard, members, ignored);
                if (_samples.Count == first)
                    throw new UserErrorException($"{path}: the shard holds no image (jpg, jpeg or png); remove it or pack it again.");
                fingerprint.Add(name);
                fingerprint.Add(shard.Length);
                if (hashContent)
                    fingerprint.AddFile(path);
                foreach (var sample in _samples.Skip(first))
                {
                    fingerprint.Add(sample.Key);
                    fingerprint.Add(sample.Offset);
                    fingerprint.Add(sample.Length);
                    fingerprint.Add(sample.Label);
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
        Notes = [.. ignored.Select(pair => $"{pair.Value} files '.{pair.Key}' ignored")];
    }

    public override int Count => _samples.Count;

    public override string Key(int index) => $"{_shardNames[_samples[index].Shard]}/{_samples[index].Key}";

    public override int? Label(int index) => _samples[index].Label is >= 0 and var label ? label : null;

    public override string? Caption(int index) => _samples[index].Caption;

    public override ReadOnlySpan<byte> Encoded(int index, ref byte[] scratch)
    {
        var sample = _samples[index];
        return _shards[sample.Shard].Range(sample.Offset, sample.Length, ref scratch);
    }

    public override void Dispose()
    {
        foreach (var shard in _shards)
            shard.Dispose();
    }

    private void Collect(string path, ShardBytes shard, List<TarMember> members, SortedDictionary<string, int> ignored)
    {
        var places = new Dictionary<string, int>(members.Count, StringComparer.Ordinal);
        var parts = new HashSet<(int, string)>(members.Count);
        var found = new List<(string Key, TarMember? Image, int Label, string? Caption)>(members.Count / 2);
        var scratch = Array.Empty<byte>();
        foreach (var member in members)
        {
            var dot = member.Name.IndexOf('.', member.Name.LastIndexOf('/') + 1);
            if (dot < 0)
                continue;
            var key = member.Name[..dot];
            var extension = member.Name[(dot + 1)..].ToLowerInvariant();
            if (extension is not ("jpg" or "jpeg" or "png" or "cls" or "json" or "txt"))
            {
                ignored[extension] = ignored.GetValueOrDefault(extension) + 1;
                continue;
            }

            if (!places.TryGetValue(key, out var place))
            {
                places[key] = place = found.Count;
                found.Add((key, null, -1, null));
            }

            var kind = extension is "jpg" or "jpeg" or "png" ? "image" : extension;
            if (!parts.Add((place, kind)))
                throw new UserErrorException($"{path}: '{key}' has two files of the kind {kind}; keys must be unique in a shard.");
            var sample = found[place];
            found[place] = kind switch
            {
                "image" => sample with { Image = member },
                "cls" => sample with { Label = ParseLabel(path, key, shard.Range(member.Offset, member.Length, ref scratch)) },
                "txt" => sample with { Caption = System.Text.Encoding.UTF8.GetString(shard.Range(member.Offset, member.Length, ref scratch)).Trim() },
                _ when sample.Label < 0 => sample with { Label = JsonLabel(path, key, shard.Range(member.Offset, member.Length, ref scratch)) },
                _ => sample,
            };
        }

        foreach (var (key, image, label, caption) in found)
        {
            if (image is { } member)
                _samples.Add(new Sample(_shards.Count - 1, key, member.Offset, member.Length, label, caption));
        }
    }

    private static int ParseLabel(string path, string key, ReadOnlySpan<byte> text)
    {
        var trimmed = System.Text.Encoding.UTF8.GetString(text[..Math.Min(text.Length, 64)]).Trim();
        return int.TryParse(trimmed, NumberStyles.None, CultureInfo.InvariantCulture, out var label)
            ? label
            : throw new UserErrorException($"{path}: the label of '{key}' is '{trimmed}', not a number from 0; mend {key}.cls or remove it.");
    }

    private static int JsonLabel(string path, string key, ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text);
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("label", out var label)
                || label.ValueKind == JsonValueKind.Null)
                return -1;
            if (label.ValueKind == JsonValueKind.Number && label.TryGetInt32(out var value) && value >= 0)
                return value;
            throw new UserErrorException($"{path}: the label of '{key}' is {label.GetRawText()}, not a number from 0; mend {key}.json or remove it.");
        }
        catch (JsonException malformed)
        {
            throw new UserErrorException($"{path}: {key}.json is no JSON ({malformed.Message}); mend or remove it.", malformed);
        }
    }

    private readonly record struct Sample(int Shard, string Key, long Offset, int Length, int Label, string? Caption);
}
