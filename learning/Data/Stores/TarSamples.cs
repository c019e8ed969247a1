using System.Globalization;
using System.Text.Json;
using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>
/// WebDataset-style shards: the files of a sample share the name up to the first dot and lie next to each other;
/// jpg, jpeg, png, tif or tiff is the image, cls (a number) or json ("label") the class, txt or json ("caption") the caption.
/// </summary>
internal static class TarSamples
{
    /// <param name="shard">Uncompressed.</param>
    /// <param name="path">For messages.</param>
    /// <param name="hash">Hash every image.</param>
    /// <exception cref="UserErrorException">The archive or a label in it is malformed, or a key comes twice.</exception>
    public static ShardIndex Read(ShardBytes shard, string path, bool hash)
    {
        List<TarMember> members;
        using (var stream = shard.OpenStream())
            members = TarIndex.Read(stream, path);
        var ignored = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var places = new Dictionary<string, int>(members.Count, StringComparer.Ordinal);
        var parts = new HashSet<(int, string)>(members.Count);
        var found = new List<(string Key, TarMember? Image, int Label, string? Caption)>(members.Count / 2);
        var scratch = Array.Empty<byte>();
        var unreadable = 0;
        foreach (var member in members)
        {
            var dot = member.Name.IndexOf('.', member.Name.LastIndexOf('/') + 1);
            if (dot < 0)
                continue;
            var key = member.Name[..dot];
            var extension = member.Name[(dot + 1)..].ToLowerInvariant();
            if (extension is not ("jpg" or "jpeg" or "png" or "tif" or "tiff" or "cls" or "json" or "txt"))
            {
                ignored[extension] = ignored.GetValueOrDefault(extension) + 1;
                continue;
            }

            if (!places.TryGetValue(key, out var place))
            {
                places[key] = place = found.Count;
                found.Add((key, null, -1, null));
            }

            var kind = extension is "jpg" or "jpeg" or "png" or "tif" or "tiff" ? "image" : extension;
            if (!parts.Add((place, kind)))
                throw new UserErrorException($"{path}: '{key}' has two files of the kind {kind}; keys must be unique in a shard.");
            var sample = found[place];
            found[place] = kind switch
            {
                "image" => sample with { Image = member },
                "cls" => sample with { Label = ParseLabel(path, key, shard.Range(member.Offset, member.Length, ref scratch)) },
                "txt" => sample with { Caption = Caption(shard.Range(member.Offset, member.Length, ref scratch)) is { Length: > 0 } caption ? caption : sample.Caption },
                _ => Described(sample, path, shard.Range(member.Offset, member.Length, ref scratch)),
            };
        }

        var samples = new List<ShardSample>(found.Count);
        foreach (var (key, image, label, caption) in found)
        {
            if (image is { } member)
                samples.Add(new ShardSample(key, member.Offset, member.Length, label, caption ?? "", hash ? PackedFormat.Hash(shard.Range(member.Offset, member.Length, ref scratch)) : 0));
        }

        string[] notes = [.. ignored.Select(pair => $"{pair.Value} files '.{pair.Key}' ignored"), .. unreadable > 0 ? [$"{unreadable} captions are not UTF-8 and left out"] : Array.Empty<string>()];
        return new ShardIndex(samples, [], notes);

        string Caption(ReadOnlySpan<byte> text)
        {
            var caption = Captions.OfText(text);
            unreadable += caption is null ? 1 : 0;
            return caption ?? "";
        }
    }

    /// <summary>What a JSON file adds to what other files of the sample said: a number's file and a caption's own come first.</summary>
    private static (string Key, TarMember? Image, int Label, string? Caption) Described((string Key, TarMember? Image, int Label, string? Caption) sample, string path, ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text);
            using var document = JsonDocument.ParseValue(ref reader);
            return sample with
            {
                Label = sample.Label < 0 ? JsonLabel(path, sample.Key, document.RootElement) : sample.Label,
                Caption = string.IsNullOrEmpty(sample.Caption) ? Captions.OfJson(document.RootElement) : sample.Caption,
            };
        }
        catch (JsonException malformed)
        {
            throw new UserErrorException($"{path}: {sample.Key}.json is no JSON ({malformed.Message}); mend or remove it.", malformed);
        }
    }

    private static int ParseLabel(string path, string key, ReadOnlySpan<byte> text)
    {
        var trimmed = System.Text.Encoding.UTF8.GetString(text[..Math.Min(text.Length, 64)]).Trim();
        return int.TryParse(trimmed, NumberStyles.None, CultureInfo.InvariantCulture, out var label)
            ? label
            : throw new UserErrorException($"{path}: the label of '{key}' is '{trimmed}', not a number from 0; mend {key}.cls or remove it.");
    }

    private static int JsonLabel(string path, string key, JsonElement sample)
    {
        if (sample.ValueKind != JsonValueKind.Object || !sample.TryGetProperty("label", out var label) || label.ValueKind == JsonValueKind.Null)
            return -1;
        if (label.ValueKind == JsonValueKind.Number && label.TryGetInt32(out var value) && value >= 0)
            return value;
        throw new UserErrorException($"{path}: the label of '{key}' is {label.GetRawText()}, not a number from 0; mend {key}.json or remove it.");
    }
}
