using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>
/// Image files in a folder. Images in the folder itself: one flat, unlabelled set, sub-folders included.
/// Otherwise every sub-folder is a class, in alphabetical order. <c>NAME.txt</c> beside <c>NAME.jpg</c> is its caption.
/// </summary>
internal sealed class ImageFolderStore : SampleStore
{
    private static readonly EnumerationOptions s_deep = new() { RecurseSubdirectories = true, MaxRecursionDepth = 16 };

    private readonly string _folder;
    private readonly List<(string Path, int Label, long Length)> _files = [];
    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);

    public ImageFolderStore(string folder, SourceOptions options)
    {
        _folder = folder;
        var notes = new List<string>();
        var ignored = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var flat = Directory.EnumerateFiles(folder).Any(IsImage);
        var classes = flat ? [] : Directory.EnumerateDirectories(folder).Select(Path.GetFileName).OfType<string>()
            .Where(name => !name.StartsWith('.')).Order(StringComparer.Ordinal).ToArray();
        Classes = classes;
        if (flat)
            Add(folder, -1, ignored);
        for (var label = 0; label < classes.Length; label++)
        {
            var before = _files.Count;
            Add(Path.Combine(folder, classes[label]), label, ignored);
            if (_files.Count == before)
                notes.Add($"class folder '{classes[label]}' holds no image; its label {label} stays unused");
        }

        if (_files.Count == 0)
            throw Empty(folder);
        if (options.Limit > 0 && _files.Count > options.Limit)
            TakeEvenly(options.Limit);
        if (options.Limit == 0 && _texts.Count - _files.Count(f => _texts.Contains(CaptionPath(f.Path))) is > 0 and var alone)
            ignored[".txt"] = alone;
        notes.AddRange(ignored.Select(pair => $"{pair.Value} files '{pair.Key}' ignored"));
        Notes = notes;
        Fingerprint = ComputeFingerprint();
    }

    public override int Count => _files.Count;

    public static bool IsImage(string path) => Path.GetExtension(path).ToLowerInvariant() is ".jpg" or ".jpeg" or ".png" or ".tif" or ".tiff";

    /// <summary>Looks whether the folder or its sub-folders hold an image.</summary>
    /// <exception cref="UserErrorException">They do not.</exception>
    public static void Check(string folder)
    {
        if (!Directory.EnumerateFiles(folder, "*", s_deep).Any(IsImage))
            throw Empty(folder);
    }

    public override string Key(int index) => Path.GetRelativePath(_folder, _files[index].Path);

    public override int? Label(int index) => _files[index].Label is >= 0 and var label ? label : null;

    public override string? Caption(int index)
    {
        var path = CaptionPath(_files[index].Path);
        if (!_texts.Contains(path))
            return null;
        try
        {
            return Captions.OfText(File.ReadAllBytes(path)) is { Length: > 0 } caption ? caption : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path}: cannot be read: {failure.Message}", failure);
        }
    }

    public override ReadOnlySpan<byte> Encoded(int index, ref byte[] scratch)
    {
        var (path, _, length) = _files[index];
        try
        {
            using var file = File.OpenHandle(path);
            if (RandomAccess.GetLength(file) != length)
                throw new UserErrorException($"{path}: the file changed while the run was reading it; start a new run with the new data.");
            if (scratch.Length < length)
                scratch = new byte[Math.Max(length, 64 * 1024)];
            var read = 0;
            while (read < length)
            {
                var got = RandomAccess.Read(file, scratch.AsSpan(read, (int)length - read), read);
                if (got == 0)
                    break;
                read += got;
            }

            return scratch.AsSpan(0, read);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{path}: cannot be read: {failure.Message}", failure);
        }
    }

    private static string CaptionPath(string image) => Path.ChangeExtension(image, ".txt");

    private static UserErrorException Empty(string folder)
    {
        var parts = Directory.EnumerateFiles(folder, "*.part").Count();
        return new($"'{folder}' holds no image and no shard (*.jpg, *.jpeg, *.png, *.tif, *.tiff, *.tar, *.tar.gz, *.sslpack, CIFAR or IDX files)"
            + (parts > 0 ? $", but {parts} *.part of a packing or download that did not come to its end; begin that again." : "; give a folder that does."))
        {
            Reason = RefusalReason.Data,
        };
    }

    private void Add(string folder, int label, SortedDictionary<string, int> ignored)
    {
        var found = new List<(string, int, long)>();
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", s_deep))
        {
            if (file.Extension.Equals(".txt", StringComparison.OrdinalIgnoreCase))
                _texts.Add(file.FullName);
            else if (!IsImage(file.Name))
                ignored[file.Extension] = ignored.GetValueOrDefault(file.Extension) + 1;
            else if (file.Length > Array.MaxLength)
                throw new UserErrorException($"{file.FullName}: {file.Length} bytes are too many for one image; remove it.");
            else
                found.Add((file.FullName, label, file.Length));
        }

        found.Sort((a, b) => string.CompareOrdinal(a.Item1, b.Item1));
        _files.AddRange(found);
    }

    /// <summary>The first image of each class, then the second of each, …, until there are enough; then in the usual order again.</summary>
    private void TakeEvenly(int limit)
    {
        var rank = new Dictionary<int, int>();
        var ranked = _files.Select(file => (Rank: rank[file.Label] = rank.GetValueOrDefault(file.Label, -1) + 1, File: file)).ToList();
        var chosen = ranked.Select((pair, index) => (pair.Rank, index)).Order().Take(limit).Select(pair => pair.index).Order();
        var kept = chosen.Select(index => _files[index]).ToList();
        _files.Clear();
        _files.AddRange(kept);
    }

    private string ComputeFingerprint()
    {
        using var fingerprint = new FingerprintBuilder("folder");
        for (var i = 0; i < _files.Count; i++)
        {
            fingerprint.Add(Key(i));
            fingerprint.Add(_files[i].Length);
            fingerprint.Add(_files[i].Label);
        }

        return fingerprint.Finish();
    }
}
