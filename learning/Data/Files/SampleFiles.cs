using SslOrleans.Learning.Data.Stores;

namespace SslOrleans.Learning.Data;

/// <summary>Files of samples, alone or as members of tar shards, in the order of their names. Safe for any number of threads.</summary>
public sealed class SampleFiles : IDisposable
{
    private readonly IDataFiles _files;
    private readonly List<(string Name, DataFile File, long Offset, int Length)> _members = [];

    /// <param name="files">Owned from now on.</param>
    /// <param name="accepts">Whether a name is wanted.</param>
    /// <exception cref="Contracts.UserErrorException">A shard is damaged.</exception>
    public SampleFiles(IDataFiles files, Func<string, bool> accepts)
    {
        _files = files;
        foreach (var file in files.List())
        {
            if (Path.GetExtension(file.Name).Equals(".tar", StringComparison.OrdinalIgnoreCase))
            {
                using var stream = new BufferedStream(new RangeStream(files, file), 1 << 16);
                _members.AddRange(TarIndex.Read(stream, file.Name).Where(m => accepts(m.Name)).Select(m => ($"{file.Name}/{m.Name}", file, m.Offset, m.Length)));
            }
            else if (accepts(file.Name))
            {
                _members.Add((file.Name, file, 0, checked((int)file.Length)));
            }
        }
    }

    /// <summary>The place, for messages.</summary>
    public string Location => _files.Location;

    /// <summary>Names with folders; a member of a shard stands below the shard's name.</summary>
    public IReadOnlyList<string> Names => _names ??= [.. _members.Select(m => m.Name)];

    private IReadOnlyList<string>? _names;

    /// <summary>All bytes of a file.</summary>
    public byte[] Read(int index)
    {
        var (_, file, offset, length) = _members[index];
        var bytes = new byte[length];
        if (length > 0)
            _files.Read(file, offset, bytes);
        return bytes;
    }

    /// <summary>Folders of a name without those that say a split, and without shards: class folders and what is in them.</summary>
    public static IReadOnlyList<string> Folders(string name)
        => [.. name.Split('/').SkipLast(1).Where(p => !p.EndsWith(".tar", StringComparison.OrdinalIgnoreCase) && p is not ("train" or "test" or "val" or "validation"))];

    /// <summary>Whether a name belongs to a split: by the words of its first part that has one; where no name has any, every fifth sample is held out.</summary>
    /// <param name="names">Of all samples.</param>
    /// <param name="split">train, test or val.</param>
    /// <returns>Numbers of the split's samples, and whether names decided.</returns>
    public static (List<int> Samples, bool Named) OfSplit(IReadOnlyList<string> names, string split)
    {
        var own = names.Select(n => SplitNames.Of(string.Join('/', n.Split('/').Where((p, i) => i == 0 || p is "train" or "test" or "val" or "validation")))).ToList();
        var named = own.Any(s => s is not null);
        var chosen = Enumerable.Range(0, names.Count).Where(i => named
            ? (own[i] ?? "train") is var of && (of == split || (split != "train" && of != "train"))
            : (i % HeldOut == HeldOut - 1) == (split != "train"));
        return ([.. chosen], named);
    }

    /// <summary>Of so many samples one is a test sample where no name says so.</summary>
    public const int HeldOut = 5;

    public void Dispose() => _files.Dispose();
}
