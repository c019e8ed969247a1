using SslOrleans.Contracts;
using SslOrleans.Learning.Data.Stores;

namespace SslOrleans.Learning.Data;

/// <summary>Opens a folder or file of images by what lies there.</summary>
public static class ImageSources
{
    private static readonly string[] SplitNames = ["train", "test", "val", "validation"];

    /// <summary>
    /// Opens one split of a data set. Recognised, in this order: shards (*.tar, *.tar.gz, *.tgz) whose names hold the split's name as a
    /// word ("cifar10-train-000000.tar.gz"), the same in a sub-folder of the split's name.
    /// </summary>
    /// <param name="path">A folder, or a single shard.</param>
    /// <param name="split">"train", "test" or "val"; "test" and "val" stand in for each other when only one is there.</param>
    /// <param name="options">Limits; null: the defaults.</param>
    /// <exception cref="UserErrorException">Nothing is there, nothing is recognised, or what is there is damaged.</exception>
    public static IImageSource Open(string path, string split = "train", SourceOptions? options = null)
    {
        options ??= new SourceOptions();
        var name = $"{path} ({split})";
        return new ImageSource(name, OpenStore(path, split, options), options);
    }

    private static SampleStore OpenStore(string path, string split, SourceOptions options)
    {
        if (File.Exists(path))
            return OpenFiles(path, [path], [], options);
        if (!Directory.Exists(path))
            throw new UserErrorException($"Data folder '{path}' does not exist; give the folder that holds the images or shards.");
        foreach (var wanted in Names(split))
        {
            var folder = Path.Combine(path, wanted);
            if (Directory.Exists(folder))
                return OpenFolder(folder, Shards(folder), options, ClassNames(folder) ?? ClassNames(path) ?? []);
        }

        var shards = Shards(path);
        foreach (var wanted in Names(split))
        {
            var matching = shards.Where(shard => SplitOf(shard) == wanted).ToArray();
            if (matching.Length > 0)
                return OpenFolder(path, matching, options, ClassNames(path) ?? []);
        }

        var unnamed = shards.Where(shard => SplitOf(shard) is null).ToArray();
        if (split == "train" && (unnamed.Length > 0 || shards.Length == 0))
            return OpenFolder(path, unnamed, options, ClassNames(path) ?? []);
        throw new UserErrorException($"'{path}' has no split '{split}': no sub-folder and no shard of that name.");
    }

    private static SampleStore OpenFolder(string folder, string[] shards, SourceOptions options, IReadOnlyList<string> classes) =>
        shards.Length > 0
            ? OpenFiles(folder, shards, classes, options)
            : throw new UserErrorException($"'{folder}' holds no shard (*.tar, *.tar.gz).");

    private static TarStore OpenFiles(string path, string[] files, IReadOnlyList<string> classes, SourceOptions options) =>
        files.All(IsTar)
            ? new TarStore(files, classes, options)
            : throw new UserErrorException($"'{path}' is no shard (*.tar, *.tar.gz).");

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
        [.. Directory.EnumerateFiles(folder).Where(IsTar).Order(StringComparer.Ordinal)];

    private static bool IsTar(string path) =>
        path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase)
        || path.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase)
        || path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase);

    private static string[]? ClassNames(string folder)
    {
        var file = Path.Combine(folder, "classes.txt");
        return File.Exists(file) ? [.. File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0)] : null;
    }
}
