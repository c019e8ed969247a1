using System.Collections.Concurrent;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data.Stores;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Data;

/// <summary>Decodes what a store holds, keeps small images decoded, and replaces those that do not decode.</summary>
internal sealed class ImageSource : IImageSource
{
    [ThreadStatic]
    private static byte[]? t_encoded;

    [ThreadStatic]
    private static RgbImage? t_resolve;

    private readonly SampleStore _store;
    private readonly SourceOptions _options;
    private readonly RgbImage?[] _kept;
    private readonly ConcurrentDictionary<int, string> _undecodable = new();
    private long _keepBytesLeft;
    private volatile string? _refusal;

    private readonly IDisposable? _owned;

    /// <param name="name">For messages.</param>
    /// <param name="store">The samples; disposed with the source.</param>
    /// <param name="options">Limits.</param>
    /// <param name="owned">Disposed after the store.</param>
    public ImageSource(string name, SampleStore store, SourceOptions options, IDisposable? owned = null)
    {
        _owned = owned;
        Name = name;
        _store = store;
        _options = options;
        _kept = new RgbImage?[store.Count];
        _keepBytesLeft = options.MemoryLimit;
    }

    public string Name { get; }

    public int Count => _store.Count;

    public IReadOnlyList<string> Classes => _store.Classes;

    public string Fingerprint => _store.Fingerprint;

    public IReadOnlyList<string> Notes => _store.Notes;

    public IReadOnlyDictionary<int, string> Undecodable => _undecodable;

    public RgbImage Read(int index, RgbImage? reuse = null) => Find(index, reuse, out _);

    public int Resolve(int index)
    {
        // What is kept or known to be bad needs no decoding here; else one decode settles it.
        if (_kept[index] is null)
            Find(index, t_resolve ??= new RgbImage(), out index);
        return index;
    }

    public byte[] ReadEncoded(int index)
    {
        t_encoded ??= [];
        return _store.Encoded(index, ref t_encoded).ToArray();
    }

    public int? Label(int index) => _store.Label(Known(index));

    public string? Caption(int index) => _store.Caption(Known(index));

    public string Key(int index) => _store.Key(index);

    public void Dispose()
    {
        _store.Dispose();
        _owned?.Dispose();
    }

    /// <summary>The stand-in of an image that was found undecodable, else the index: labels follow the pixels that were read.</summary>
    private int Known(int index)
    {
        if (_undecodable.IsEmpty)
            return index;
        var found = index;
        while (_undecodable.ContainsKey(found))
        {
            found = (found + 1) % Count;
            if (found == index)
                break;
        }

        return found;
    }

    private RgbImage Find(int index, RgbImage? reuse, out int found)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        found = index;
        for (var inRow = 0; ; inRow++)
        {
            if (_refusal is { } refusal)
                throw Refused(refusal);
            if (inRow > SourceOptions.MostUndecodable * Count)
                throw Refused($"{Name}: {inRow} images in a row do not decode, beginning with {Key(index)}, more than {SourceOptions.MostUndecodable:P0} of {Count} ({_undecodable.GetValueOrDefault(index)}); mend or remove them (sslo data inspect lists them).");
            if (_kept[found] is { } kept)
                return kept;
            if (_undecodable.IsEmpty || !_undecodable.ContainsKey(found))
            {
                var image = reuse ?? new RgbImage();
                if (TryDecode(found, image))
                    return Keep(found, image, owned: reuse is null);
            }

            found = (found + 1) % Count;
        }
    }

    private bool TryDecode(int index, RgbImage image)
    {
        try
        {
            t_encoded ??= [];
            _store.Decode(index, image, _options, ref t_encoded);
            return true;
        }
        catch (UndecodableImageException failure)
        {
            if (_undecodable.TryAdd(index, failure.Message) && (_undecodable.Count > _options.UndecodableLimit * Count || _undecodable.Count == Count))
            {
                _refusal ??= $"{Name}: {_undecodable.Count} of {Count} images do not decode, more than {_options.UndecodableLimit:P0} (the last: {Key(index)}, {failure.Message}); "
                    + "mend or remove them (sslo data inspect lists them).";
            }

            return false;
        }
    }

    private static UserErrorException Refused(string why) => new(why) { Reason = RefusalReason.Data };

    private RgbImage Keep(int index, RgbImage image, bool owned)
    {
        if (!_store.KeepDecoded || image.ByteCount > _options.KeepDecodedBytes)
            return image;
        if (Interlocked.Add(ref _keepBytesLeft, -image.ByteCount) < 0)
        {
            Interlocked.Add(ref _keepBytesLeft, image.ByteCount);
            return image;
        }

        var mine = owned ? image : image.Clone();
        return Interlocked.CompareExchange(ref _kept[index], mine, null) ?? mine;
    }
}
