using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace SslOrleans.Learning.Data;

/// <summary>
/// Blocks as files of a folder, shared by the processes of a machine: a file appears whole or not at all, and its name says which
/// file, version and block it is. Blocks of what is not being read now make room when there is none.
/// </summary>
internal sealed class BlockFolder
{
    private const string Extension = ".block";

    /// <summary>Other processes write too: after so many blocks of one's own the folder is counted again.</summary>
    private const int CountedEvery = 64;

    private readonly string _location;
    private readonly string _folder;
    private readonly long _limit;
    private readonly Action<string> _tell;
    private readonly Func<string, Stream> _create;
    private readonly Lock _lock = new();
    private HashSet<string> _current = [];
    private long _used;
    private int _written;
    private bool _off;
    private bool _full;

    public BlockFolder(string location, string folder, long limit, Action<string> tell, Func<string, Stream> create)
    {
        (_location, _folder, _limit, _tell, _create) = (location, folder, limit, tell, create);
        try
        {
            Directory.CreateDirectory(folder);
            _used = Files().Sum(f => f.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            GiveUp(e);
        }
    }

    public bool HasRoom => !_off && !_full;

    /// <summary>The files that are being read: their blocks are not removed.</summary>
    public void Known(IEnumerable<DataFile> files)
    {
        lock (_lock)
        {
            _current = [.. files.Select(Prefix)];
            _full = false;
        }
    }

    public bool Has(DataFile file, long block, int length) => !_off && new FileInfo(PathOf(file, block)) is { Exists: true } info && info.Length == length;

    public bool TryRead(DataFile file, long block, int length, int skip, Span<byte> target)
    {
        if (_off)
            return false;
        try
        {
            var path = PathOf(file, block);
            if (!File.Exists(path))
                return false;
            using var handle = File.OpenHandle(path, options: FileOptions.RandomAccess);
            if (RandomAccess.GetLength(handle) != length)
                return false;
            for (var read = 0; read < target.Length;)
            {
                var got = RandomAccess.Read(handle, target[read..], skip + read);
                if (got == 0)
                    return false;
                read += got;
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void Keep(DataFile file, long block, byte[] bytes)
    {
        if (!HasRoom)
            return;
        lock (_lock)
        {
            var path = PathOf(file, block);
            var part = $"{path}.{Guid.NewGuid():N}.part";
            try
            {
                if (!MakeRoom(bytes.Length))
                    return;
                using (var stream = _create(part))
                    stream.Write(bytes);
                File.Move(part, path, overwrite: true);
                _used += bytes.Length;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Remove(part);
                GiveUp(e);
            }
        }
    }

    /// <summary>True when so many bytes fit, perhaps after blocks of other data or versions were removed, oldest first.</summary>
    private bool MakeRoom(int bytes)
    {
        if (++_written % CountedEvery == 0)
            _used = Files().Sum(f => f.Length);
        if (_used + bytes <= _limit)
            return true;
        foreach (var other in Files().Where(f => !_current.Contains(f.Name.Split('-')[0])).OrderBy(f => f.LastWriteTimeUtc))
        {
            Remove(other.FullName);
            _used -= other.Length;
            if (_used + bytes <= _limit)
                return true;
        }

        _full = true;
        return false;
    }

    private void GiveUp(Exception why)
    {
        if (_off)
            return;
        _off = true;
        _tell($"{_location}: nothing more is kept in {_folder} ({why.Message}); the run goes on and reads from the source. Free space there, or set SSLO_DATA_CACHE to another folder.");
    }

    private List<FileInfo> Files() => [.. new DirectoryInfo(_folder).EnumerateFiles("*" + Extension)];

    private string PathOf(DataFile file, long block) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix(file)}-{block:D6}{Extension}"));

    private string Prefix(DataFile file) => Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes($"{_location}\n{file.Name}\n{file.Length}\n{file.Version}")));

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process has it open or was faster.
        }
    }
}
