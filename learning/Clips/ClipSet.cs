using System.Collections.Concurrent;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Data.Stores;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Clips;

/// <summary>
/// Videos of one split: each folder with frames (JPEG, PNG) is one, its frames in the order of their names, in a folder or a tar shard. Where all lie in a folder of another name, that
/// is their class. All frames are decoded once, when the set is opened: those that do not decode are left out and counted. Thread-safe.
/// </summary>
public sealed class ClipSet : IDisposable
{
    /// <summary>Bytes of decoded frames that are kept; beyond it a frame is decoded again.</summary>
    private const long MostKept = 1L << 30;

    private readonly SampleFiles _files;
    private readonly List<int[]> _clips = [];
    private readonly Dictionary<string, int> _texts;
    private readonly ConcurrentDictionary<int, RgbImage> _kept = new();
    private long _keptBytes;

    private ClipSet(SampleFiles files, string split, int limit)
    {
        _files = files;
        if (files.Names.All(IsText))
            throw Refused($"{files.Location} holds no frames (*.jpg, *.jpeg, *.png, a folder of them for each video, also in tar shards); give a folder that has some.");
        _texts = files.Names.Index().Where(n => IsText(n.Item)).ToDictionary(n => n.Item, n => n.Index, StringComparer.Ordinal);
        var folders = files.Names.Index().Where(n => !IsText(n.Item)).GroupBy(n => Folder(n.Item), StringComparer.Ordinal).Select(g => g.Select(n => n.Index).ToArray()).ToList();
        var (chosen, named) = SampleFiles.OfSplit([.. folders.Select(f => files.Names[f[0]])], split);
        var (bad, labels, names) = (new List<string>(), new List<string?>(), new List<string>());
        using var fingerprint = new FingerprintBuilder("clips");
        foreach (var folder in chosen)
        {
            if (limit > 0 && _clips.Count == limit)
                break;
            var frames = folders[folder].Where(f => Decodes(f, fingerprint, bad)).ToArray();
            if (frames.Length == 0)
                continue;
            _clips.Add(frames);
            names.Add(Folder(files.Names[frames[0]]));
            labels.Add(SampleFiles.Folders(files.Names[frames[0]]) is { Count: > 1 } parts ? parts[0] : null);
        }

        if (_clips.Count == 0)
            throw Refused($"{files.Location} has no video in split '{split}' that can be read{(bad.Count > 0 ? $" ({bad[0]})" : "")}; add some, or name another split.");
        (Fingerprint, Folders) = (fingerprint.Finish(), names);
        Labels = labels.All(l => l is not null) ? [.. labels.Select(l => l!)] : null;
        Notes =
        [
            .. named ? Array.Empty<string>() : [$"no name says a split: every {SampleFiles.HeldOut}th video is held out as the test split"],
            .. bad.Count == 0 ? Array.Empty<string>() : [$"{bad.Count} frames do not decode and are left out (the first: {bad[0]})"],
        ];
    }

    /// <summary>Videos.</summary>
    public int Count => _clips.Count;

    /// <summary>Names of their classes; null where a video has none.</summary>
    public IReadOnlyList<string>? Labels { get; }

    /// <summary>Folders of the videos.</summary>
    public IReadOnlyList<string> Folders { get; }

    /// <summary>Hash of all names and bytes.</summary>
    public string Fingerprint { get; }

    /// <summary>What is odd and stops nothing.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Frames of a video.</summary>
    public int Frames(int clip) => _clips[clip].Length;

    /// <summary>Opens a split.</summary>
    /// <param name="files">Owned from now on.</param>
    /// <param name="split">train, test or val.</param>
    /// <param name="limit">First N videos; 0: all.</param>
    /// <exception cref="UserErrorException">There is no video.</exception>
    public static ClipSet Open(IDataFiles files, string split, int limit = 0)
    {
        var members = new SampleFiles(files, n => ImageFolderStore.IsImage(n) || IsText(n));
        try
        {
            return new ClipSet(members, split, limit);
        }
        catch
        {
            members.Dispose();
            throw;
        }
    }

    /// <summary>A text beside a video's frames, its name <c>actions.txt</c> or <c>states.txt</c>; null without one.</summary>
    public string? Text(int clip, string name)
    {
        if (!_texts.TryGetValue($"{Folders[clip]}/{name}", out var file))
            return null;
        return System.Text.Encoding.UTF8.GetString(_files.Read(file));
    }

    /// <summary>A frame; behind the end the last one.</summary>
    public RgbImage Frame(int clip, int frame)
    {
        var file = _clips[clip][Math.Min(frame, _clips[clip].Length - 1)];
        if (_kept.TryGetValue(file, out var kept))
            return kept;
        return Keep(file, ImageDecoder.Decode(_files.Read(file)));
    }

    public void Dispose() => _files.Dispose();

    private static bool IsText(string name) => Path.GetFileName(name) is "actions.txt" or "states.txt";

    private static string Folder(string name) => name[..Math.Max(0, name.LastIndexOf('/'))];

    private bool Decodes(int file, FingerprintBuilder fingerprint, List<string> bad)
    {
        var bytes = _files.Read(file);
        fingerprint.Add(_files.Names[file]);
        fingerprint.Add(System.IO.Hashing.XxHash128.Hash(bytes));
        try
        {
            Keep(file, ImageDecoder.Decode(bytes));
            return true;
        }
        catch (UndecodableImageException e)
        {
            bad.Add($"{_files.Names[file]}: {e.Message}");
            return false;
        }
    }

    private RgbImage Keep(int file, RgbImage image)
    {
        if (Interlocked.Read(ref _keptBytes) < MostKept && _kept.TryAdd(file, image))
            Interlocked.Add(ref _keptBytes, image.Pixels.Length);
        return image;
    }

    private static UserErrorException Refused(string why) => new(why) { Reason = RefusalReason.Data };
}
