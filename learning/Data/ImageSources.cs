using SslOrleans.Contracts;
using SslOrleans.Learning.Data.Stores;

namespace SslOrleans.Learning.Data;

/// <summary>Opens a folder or file of images by what lies there.</summary>
public static class ImageSources
{
    private static readonly string[] SplitNames = ["train", "test", "val", "validation"];

    /// <summary>
    /// Opens one split of a data set. Recognised, in this order: CIFAR-10/100 binary files; IDX files (MNIST); packed shards (*.sslpack) and
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
    /// A source whose bytes another process serves: the index comes from there, the images one by one. For workers that cannot reach the data.
    /// </summary>
    /// <param name="index">What the serving process told of its source (<see cref="SourceIndex.Of"/>).</param>
    /// <param name="read">Gives an image's encoded bytes (<see cref="IImageSource.ReadEncoded"/> there); called on any thread.</param>
    /// <param name="options">Null: the defaults.</param>
    public static IImageSource Remote(SourceIndex index, Func<int, byte[]> read, SourceOptions? options = null) =>
        new ImageSource(index.Name, new RemoteStore(index, read), options ?? new SourceOptions());

    /// <summary>Whether the path holds the split: false when nothing of its name is there.</summary>
    public static bool HasSplit(string path, string split) =>
        Directory.Exists(path) && (
            Names(split).Any(name => Directory.Exists(Path.Combine(path, name)))
            || Shards(path).Any(shard => Names(split).Contains(SplitOf(shard)))
            || CifarStore.Holds(path, split == "train") || IdxStore.Holds(path, split == "train")
            || (split == "train" && !SplitNames.Any(name => Directory.Exists(Path.Combine(path, name))) && Shards(path).All(shard => SplitOf(shard) is null)));

    /// <summary>The splits that are there, each once: "train", "test", "val". One shard is "train" whatever its name.</summary>
    /// <exception cref="UserErrorException">Nothing is there.</exception>
    public static IReadOnlyList<string> Splits(string path)
    {
        if (File.Exists(path))
            return ["train"];
        if (!Directory.Exists(path))
            throw Missing(path);
        var test = CifarStore.Holds(path, train: false) || IdxStore.Holds(path, train: false) || Named("test");
        return [.. HasSplit(path, "train") ? ["train"] : Array.Empty<string>(), .. test ? ["test"] : Array.Empty<string>(), .. Named("val") || Named("validation") ? ["val"] : Array.Empty<string>()];

        bool Named(string name) => Directory.Exists(Path.Combine(path, name)) || Shards(path).Any(shard => SplitOf(shard) == name);
    }

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
        var classes = ClassNames(path) ?? [];
        var shards = Shards(path);
        foreach (var name in Names(split))
        {
            var matching = shards.Where(shard => SplitOf(shard) == name).ToArray();
            if (matching.Length > 0)
                return OpenShards(matching, classes, options);
            var folder = Path.Combine(path, name);
            if (Directory.Exists(folder))
                return Shards(folder) is { Length: > 0 } inside ? OpenShards(inside, ClassNames(folder) ?? classes, options) : new ImageFolderStore(folder, options);
        }

        if (split != "train" || shards.Any(shard => SplitOf(shard) is not null) || SplitNames.Any(name => Directory.Exists(Path.Combine(path, name))))
            throw new UserErrorException($"'{path}' has no split '{split}': no shard and no sub-folder of that name; add one, or name another split.");
        return shards.Length > 0 ? OpenShards(shards, classes, options) : new ImageFolderStore(path, options);
    }

    private static SampleStore OpenShards(string[] shards, IReadOnlyList<string> classes, SourceOptions options)
    {
        var packed = shards.Where(IsPacked).ToArray();
        return packed.Length > 0 ? new PackedStore(packed, options) : new TarStore(shards, classes, options);
    }

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
        return SplitNames.FirstOrDefault(name => words.Contains(name, StringComparer.OrdinalIgnoreCase));
    }

    private static string[] Shards(string folder) =>
        [.. Directory.EnumerateFiles(folder).Where(IsShard).Order(StringComparer.Ordinal)];

    private static bool IsShard(string path) =>
        IsPacked(path)
        || path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase)
        || path.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase)
        || path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase);

    private static bool IsPacked(string path) => path.EndsWith(PackedFormat.Extension, StringComparison.OrdinalIgnoreCase);

    private static string[]? ClassNames(string folder)
    {
        var file = Path.Combine(folder, "classes.txt");
        return File.Exists(file) ? [.. File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0)] : null;
    }
}
