using SslOrleans.Contracts;
using SslOrleans.Learning.Data.Stores;

namespace SslOrleans.Learning.Data;

/// <summary>Opens a folder or file of images by what lies there.</summary>
public static class ImageSources
{
    /// <summary>Tars up to so many bytes are hashed image by image when they are opened.</summary>
    private const long HashLimit = 1L << 30;

    private static readonly string[] SplitNames = ["train", "test", "val", "validation"];

    /// <summary>STL-10 has images without labels beside its training data; a class may bear that name, so a folder of it is no split.</summary>
    private static readonly string[] ShardSplitNames = [.. SplitNames, "unlabeled"];

    /// <summary>
    /// Opens one split of a data set. Recognised, in this order: CIFAR-10/100 binary files; IDX files (MNIST); STL-10's files; packed shards (*.sslpack) and
    /// tar shards (*.tar, *.tar.gz, *.tgz) whose names hold the split's name as a word ("cifar10-train-000000.tar.gz") or no split's name
    /// (these are training data); a sub-folder of the split's name with shards or images; images in class folders, or flat ones.
    /// </summary>
    /// <param name="path">A folder, or a single shard.</param>
    /// <param name="split">"train", "test" or "val"; "test" and "val" stand in for each other when only one is there.</param>
    /// <param name="options">Limits; null: the defaults.</param>
    /// <exception cref="UserErrorException">Nothing is there, nothing is recognised, or what is there is damaged.</exception>
    public static IImageSource Open(string path, string split = "train", SourceOptions? options = null)
    {
        options ??= new SourceOptions();
        try
        {
            return new ImageSource($"{path} ({split})", OpenStore(path, split, options), options);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"'{path}' cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>
    /// Opens one split of the shards of a place that is no folder of this machine. Shards are chosen by their names as in
    /// <see cref="Open(string, string, SourceOptions?)"/>; <c>classes.txt</c> is read; images that lie there one by one are not.
    /// </summary>
    /// <param name="files">The place; the source owns it from now on.</param>
    /// <param name="split">"train", "test" or "val".</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="index">Gives a shard's index, from whoever made it before; null: made here.</param>
    /// <exception cref="UserErrorException">Nothing is there, or it is damaged or may not be read.</exception>
    public static IImageSource Open(IDataFiles files, string split = "train", SourceOptions? options = null, Func<DataFile, ShardIndex>? index = null)
    {
        options ??= new SourceOptions();
        try
        {
            var all = files.List();
            var shards = ShardsOf(files, all, split);
            var unpacker = new ShardUnpacker(options);
            var classes = all.FirstOrDefault(f => f.Name == "classes.txt") is { } named ? ReadClasses(files, named) : [];
            var store = new ShardStore(
                shards.Select(f => new ShardPlace(
                    Path.GetFileName(f.Name),
                    $"{files.Location}/{f.Name}",
                    () => unpacker.Open(files, f),
                    bytes => index?.Invoke(f) ?? ShardIndexer.Read(bytes, $"{files.Location}/{f.Name}", hash: true))),
                classes,
                options);
            return new ImageSource($"{files.Location} ({split})", store, options, files);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    private static List<DataFile> ShardsOf(IDataFiles files, IReadOnlyList<DataFile> all, string split)
    {
        var shards = all.Where(f => IsShard(f.Name)).ToList();
        if (shards.Any(f => PackedFormat.Is(f.Name)))
            shards.RemoveAll(f => !PackedFormat.Is(f.Name));
        if (shards.Count == 0)
            throw new UserErrorException($"{files.Location} holds no shards (*.sslpack, *.tar, *.tar.gz); pack the images with `sslo data pack` and put the packed folder there.");
        foreach (var name in Names(split))
        {
            if (shards.Where(f => OfSplit(f, name)).ToList() is { Count: > 0 } matching)
            {
                RefuseParts(files.Location, all.Where(f => OfSplit(f, name)).Select(f => f.Name), null);
                return matching;
            }
        }

        if (split == "train" && shards.All(f => SplitOf(f.Name) is null && !SplitNames.Any(n => f.Name.StartsWith(n + "/", StringComparison.Ordinal))))
        {
            RefuseParts(files.Location, all.Select(f => f.Name), null);
            return shards;
        }

        throw new UserErrorException($"{files.Location} has no split '{split}': no shard has that word in its name; add one, or name another split.");

        static bool OfSplit(DataFile file, string name) => SplitOf(file.Name) == name || file.Name.StartsWith(name + "/", StringComparison.Ordinal);
    }

    private static string[] ReadClasses(IDataFiles files, DataFile file)
    {
        var bytes = new byte[(int)Math.Min(file.Length, 1 << 20)];
        files.Read(file, 0, bytes);
        return [.. System.Text.Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
    }

    /// <summary>Whether the path holds the split: false when nothing of its name is there.</summary>
    public static bool HasSplit(string path, string split) =>
        Directory.Exists(path) && (
            Names(split).Any(name => Directory.Exists(Path.Combine(path, name)))
            || Shards(path).Any(shard => Names(split).Contains(SplitOf(shard)))
            || CifarStore.Holds(path, split == "train") || IdxStore.Holds(path, split == "train") || StlStore.Holds(path, split)
            || (split == "train" && !SplitNames.Any(name => Directory.Exists(Path.Combine(path, name))) && Shards(path).All(shard => SplitOf(shard) is null)));

    /// <summary>The splits that are there, each once: "train", "test", "val". One shard is "train" whatever its name.</summary>
    /// <exception cref="UserErrorException">Nothing is there.</exception>
    public static IReadOnlyList<string> Splits(string path)
    {
        if (File.Exists(path))
            return ["train"];
        if (!Directory.Exists(path))
            throw Missing(path);
        var test = CifarStore.Holds(path, train: false) || IdxStore.Holds(path, train: false) || StlStore.Holds(path, "test") || Named("test");
        return [.. HasSplit(path, "train") ? ["train"] : Array.Empty<string>(), .. test ? ["test"] : Array.Empty<string>(), .. Named("val") || Named("validation") ? ["val"] : Array.Empty<string>(), .. StlStore.Holds(path, "unlabeled") || InShards("unlabeled") ? ["unlabeled"] : Array.Empty<string>()];

        bool Named(string name) => Directory.Exists(Path.Combine(path, name)) || InShards(name);

        bool InShards(string name) => Shards(path).Any(shard => SplitOf(shard) == name);
    }

    /// <summary>The splits that the shards of a place have; "train" when no name tells one.</summary>
    /// <exception cref="UserErrorException">Nothing is there, or it may not be read.</exception>
    public static IReadOnlyList<string> Splits(IDataFiles files)
    {
        var named = files.List().Where(f => IsShard(f.Name)).Select(f => SplitOf(f.Name) ?? SplitNames.FirstOrDefault(n => f.Name.StartsWith(n + "/", StringComparison.Ordinal)))
            .OfType<string>().Select(n => n == "validation" ? "val" : n).ToHashSet();
        return named.Count == 0 ? ["train"] : [.. ShardSplitNames.Where(named.Contains)];
    }

    /// <summary>Looks whether a split is there and holds something, without reading it.</summary>
    /// <exception cref="UserErrorException">It is not, or the place does not exist.</exception>
    public static void Check(string path, string split)
    {
        if (File.Exists(path))
            return;
        if (!Directory.Exists(path))
            throw Missing(path);
        if (!HasSplit(path, split))
            throw NoSplit(path, split);
        if (CifarStore.Holds(path, split == "train") || IdxStore.Holds(path, split == "train") || StlStore.Holds(path, split))
            return;
        var (shards, folder) = Locate(path, split);
        if (shards.Length == 0)
            ImageFolderStore.Check(folder);
    }

    /// <summary>Looks whether a place that is no folder of this machine has shards of a split, without reading them.</summary>
    /// <exception cref="UserErrorException">It has none, or may not be read.</exception>
    public static void Check(IDataFiles files, string split) => ShardsOf(files, files.List(), split);

    private static SampleStore OpenStore(string path, string split, SourceOptions options)
    {
        if (File.Exists(path))
        {
            return IsShard(path)
                ? OpenShards([path], [], options)
                : throw new UserErrorException($"'{path}' is no shard (*.tar, *.tar.gz, *.sslpack); give a shard or a folder.");
        }

        if (!Directory.Exists(path))
            throw Missing(path);
        if (CifarStore.TryOpen(path, split == "train", options) is { } cifar)
            return cifar;
        if (IdxStore.TryOpen(path, split == "train", options) is { } idx)
            return idx;
        if (StlStore.TryOpen(path, split, options) is { } stl)
            return stl;
        var (shards, folder) = Locate(path, split);
        return shards.Length > 0 ? OpenShards(shards, ClassNames(folder) ?? ClassNames(path) ?? [], options) : new ImageFolderStore(folder, options);
    }

    /// <summary>The shards of a split, or else the folder of its images.</summary>
    private static (string[] Shards, string Folder) Locate(string path, string split)
    {
        var shards = Shards(path);
        foreach (var name in Names(split))
        {
            var matching = shards.Where(shard => SplitOf(shard) == name).ToArray();
            if (matching.Length > 0)
                return (Whole(matching, path, name), path);
            var folder = Path.Combine(path, name);
            if (Directory.Exists(folder))
                return (Whole(Shards(folder), folder, null), folder);
        }

        if (split != "train" || shards.Any(shard => SplitOf(shard) is not null) || SplitNames.Any(name => Directory.Exists(Path.Combine(path, name))))
            throw NoSplit(path, split);
        return (Whole(shards, path, null), path);
    }

    /// <summary>The shards, unless parts beside them tell that whoever wrote them did not come to the end.</summary>
    private static string[] Whole(string[] shards, string folder, string? split)
    {
        if (shards.Length > 0)
            RefuseParts(folder, Directory.EnumerateFiles(folder, "*.part").Select(f => Path.GetFileName(f)), split);
        return shards;
    }

    private static void RefuseParts(string place, IEnumerable<string> names, string? split)
    {
        var parts = names.Where(n => n.EndsWith(".part", StringComparison.Ordinal) && IsShard(n[..^5]) && (split is null || SplitOf(n) == split)).Order(StringComparer.Ordinal).ToList();
        if (parts.Count > 0)
            throw new UserErrorException($"'{place}' is not whole: {(parts.Count == 1 ? "1 shard was" : $"{parts.Count} shards were")} begun and not finished ({Path.GetFileName(parts[0])}); remove its shards and parts, and pack or generate it anew.");
    }

    private static ShardStore OpenShards(string[] shards, IReadOnlyList<string> classes, SourceOptions options)
    {
        if (shards.Any(PackedFormat.Is))
            shards = [.. shards.Where(PackedFormat.Is)];
        var unpacker = new ShardUnpacker(options);

        // Reading all of a large data set only to hash it would cost more than it tells; its index and labels must do.
        var hash = shards.Sum(path => new FileInfo(path).Length) <= HashLimit;
        return new ShardStore(
            shards.Select(path => new ShardPlace(Path.GetFileName(path), path, () => unpacker.Open(path), bytes => ShardIndexer.Read(bytes, path, hash))),
            classes,
            options);
    }

    private static UserErrorException NoSplit(string path, string split) =>
        new($"'{path}' has no split '{split}': no shard and no sub-folder of that name; add one, or name another split.");

    private static UserErrorException Missing(string path) =>
        new($"Data folder '{path}' does not exist; give the folder that holds the images or shards.");

    private static string[] Names(string split) => split switch
    {
        "test" => ["test", "val", "validation"],
        "val" or "validation" => ["val", "validation", "test"],
        _ => [split],
    };

    private static string? SplitOf(string shard)
    {
        var words = Path.GetFileName(shard).Split('-', '_', '.');
        return ShardSplitNames.FirstOrDefault(name => words.Contains(name, StringComparer.OrdinalIgnoreCase));
    }

    private static string[] Shards(string folder) =>
        [.. Directory.EnumerateFiles(folder).Where(IsShard).Order(StringComparer.Ordinal)];

    private static bool IsShard(string path) =>
        PackedFormat.Is(path)
        || path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase)
        || path.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase)
        || path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase);

    private static string[]? ClassNames(string folder)
    {
        var file = Path.Combine(folder, "classes.txt");
        return File.Exists(file) ? [.. File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0)] : null;
    }
}
