using SslOrleans.Contracts;
using SslOrleans.Learning.Data.Stores;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Data;

/// <summary>
/// Pictures with captions. A sample without one is replaced as one that does not decode is: by the next that has a picture and a caption, so that what is
/// used is a function of the data alone.
/// </summary>
public sealed class CaptionedSource : IImageSource
{
    private readonly IImageSource _images;
    private readonly string?[] _captions;
    private readonly Dictionary<int, string> _without = [];
    private Dictionary<int, string>? _undecodable;

    /// <param name="images">Owned from now on.</param>
    /// <exception cref="UserErrorException">No sample has a caption, or too many have none.</exception>
    public CaptionedSource(IImageSource images)
    {
        _images = images;
        _captions = new string?[images.Count];
        for (var i = 0; i < _captions.Length; i++)
        {
            _captions[i] = images.Caption(i);
            if (_captions[i] is null)
                _without[i] = "no caption";
        }

        if (_without.Count == _captions.Length)
            throw Refused($"{Name}: no image has a caption; put NAME.txt beside NAME.jpg, or a txt or json (\"caption\") member beside the image in a shard");
        if (_without.Count > SourceOptions.MostUndecodable * _captions.Length)
            throw Refused($"{Name}: {_without.Count} of {Count} images have no caption, or none in UTF-8, more than {SourceOptions.MostUndecodable:P0} (the first: {Key(_without.Keys.Min())}); add them, or remove the images");
        using var fingerprint = new FingerprintBuilder("captions");
        fingerprint.Add(images.Fingerprint);
        foreach (var caption in _captions)
            fingerprint.Add(caption ?? "");
        Fingerprint = fingerprint.Finish();
        Notes = [.. images.Notes, .. _without.Count > 0 ? [$"{_without.Count} of {Count} images have no caption, or none in UTF-8; the next ones stand in for them"] : Array.Empty<string>()];
    }

    public string Name => _images.Name;

    public int Count => _images.Count;

    public IReadOnlyList<string> Classes => _images.Classes;

    public string Fingerprint { get; }

    public IReadOnlyList<string> Notes { get; }

    /// <summary>Samples whose picture does not decode, and those without a caption.</summary>
    public IReadOnlyDictionary<int, string> Undecodable
    {
        get
        {
            if (_without.Count == 0)
                return _images.Undecodable;
            var known = Volatile.Read(ref _undecodable);
            if (known is null || known.Count != _images.Undecodable.Keys.Union(_without.Keys).Count())
            {
                known = new Dictionary<int, string>(_without);
                foreach (var (index, why) in _images.Undecodable)
                    known.TryAdd(index, why);
                Volatile.Write(ref _undecodable, known);
            }

            return known;
        }
    }

    public RgbImage Read(int index, RgbImage? reuse = null)
    {
        var captioned = Captioned(index);
        var image = _images.Read(captioned, reuse);
        return _images.Undecodable.ContainsKey(captioned) ? _images.Read(Resolve(captioned), reuse) : image;
    }

    public int Resolve(int index)
    {
        for (var at = Captioned(index); ; at = Captioned((at + 1) % Count))
        {
            at = _images.Resolve(at);
            if (_captions[at] is not null)
                return at;
        }
    }

    public byte[] ReadEncoded(int index) => _images.ReadEncoded(index);

    public int? Label(int index) => _images.Label(Known(index));

    /// <summary>Of the stand-in, of a sample that was replaced.</summary>
    public string Caption(int index) => _captions[Known(index)]!;

    string? IImageSource.Caption(int index) => Caption(index);

    public string Key(int index) => _images.Key(index);

    public void Dispose() => _images.Dispose();

    private int Known(int index) => _without.ContainsKey(index) || _images.Undecodable.ContainsKey(index) ? Resolve(index) : index;

    private int Captioned(int index)
    {
        while (_captions[index] is null)
            index = (index + 1) % Count;
        return index;
    }

    private static UserErrorException Refused(string why) => new($"{why}.") { Reason = RefusalReason.Data };
}
