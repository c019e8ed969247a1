using System.Collections.Concurrent;
using SslOrleans.Contracts;

namespace SslOrleans.Grains.Storage;

/// <summary>
/// Runs in a local folder. What a call has returned survives a power cut: files and their folders are synced.
/// Several processes may use the same folder; they see whole contents only.
/// </summary>
public class LocalRunStorage : IRunStorage
{
    private const string Unfinished = ".unfinished";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly ConcurrentDictionary<string, Lock> Gates = new();
    private readonly string _root;

    /// <param name="root">The folder; made by the first write.</param>
    public LocalRunStorage(string root) => _root = Path.GetFullPath(root);

    public string Description => _root;

    public Task<byte[]?> Read(string path, CancellationToken cancellation = default)
        => Do("read", path, cancellation, file => ReadFile(file, path));

    public Task Write(string path, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
        => Do("write", path, cancellation, file =>
        {
            var folder = MakeFolder(Path.GetDirectoryName(file)!);
            var unfinished = Path.Combine(folder, $".{Path.GetFileName(file)}.{Guid.NewGuid():N}{Unfinished}");
            try
            {
                using (var stream = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0))
                {
                    Put(stream, content.Span);
                    stream.Flush(flushToDisk: true);
                }

                File.Move(unfinished, file, overwrite: true);
                FolderSync.Flush(folder);
            }
            catch
            {
                TryTo(() => File.Delete(unfinished));
                throw;
            }

            return true;
        });

    public Task<long> Append(string path, ReadOnlyMemory<byte> record, long expectedLength, CancellationToken cancellation = default)
        => Do("append to", path, cancellation, file =>
        {
            var folder = MakeFolder(Path.GetDirectoryName(file)!);
            lock (Gates.GetOrAdd(file, _ => new Lock()))
            {
                var isNew = !File.Exists(file);
                using var stream = OpenAlone(file, FileMode.OpenOrCreate, FileAccess.ReadWrite);
                if (IsThere(stream, path, record.Span, expectedLength))
                    stream.Flush(flushToDisk: true);
                else
                    AddOrUndo(stream, record.Span, expectedLength);
                if (isNew)
                    FolderSync.Flush(folder);
                return expectedLength + record.Length;
            }
        });

    public Task Truncate(string path, long length, CancellationToken cancellation = default)
        => Do("truncate", path, cancellation, file =>
        {
            lock (Gates.GetOrAdd(file, _ => new Lock()))
            {
                using var stream = OpenAlone(file, FileMode.Open, FileAccess.ReadWrite);
                if (stream.Length < length)
                    throw new StorageConflictException($"{path} has {stream.Length} bytes and cannot be cut to {length}.");
                stream.SetLength(length);
                stream.Flush(flushToDisk: true);
                return true;
            }
        });

    public Task<IReadOnlyList<string>> List(string prefix, CancellationToken cancellation = default)
        => Guard<IReadOnlyList<string>>("list", prefix, cancellation, () => [.. Find(StoragePaths.Prefix(prefix))]);

    public Task Delete(string prefix, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        return Guard("delete", prefix, cancellation, () =>
        {
            if (prefix.EndsWith('/'))
            {
                var folder = Resolve(StoragePaths.Prefix(prefix)).TrimEnd('/');
                if (Directory.Exists(folder))
                    Directory.Delete(folder, recursive: true);
                return true;
            }

            foreach (var path in Find(StoragePaths.Prefix(prefix)))
                File.Delete(Resolve(path));
            return true;
        });
    }

    /// <summary>Puts bytes at the stream's position; tests make it fail half-way.</summary>
    protected virtual void Put(FileStream stream, ReadOnlySpan<byte> bytes) => stream.Write(bytes);

    private void AddOrUndo(FileStream stream, ReadOnlySpan<byte> record, long expectedLength)
    {
        stream.SetLength(expectedLength);
        stream.Position = expectedLength;
        try
        {
            Put(stream, record);
            stream.Flush(flushToDisk: true);
        }
        catch
        {
            TryTo(() =>
            {
                stream.SetLength(expectedLength);
                stream.Flush(flushToDisk: true);
            });
            throw;
        }
    }

    /// <summary>True when the record is at its place already; false when the content ends before it or with a cut-off piece of it.</summary>
    private static bool IsThere(FileStream stream, string path, ReadOnlySpan<byte> record, long expectedLength)
    {
        var beyond = stream.Length - expectedLength;
        if (beyond == 0)
            return record.IsEmpty;
        if (beyond < 0 || beyond > record.Length)
            throw Conflict();
        var tail = new byte[beyond];
        stream.Position = expectedLength;
        stream.ReadExactly(tail);
        if (!record.StartsWith(tail))
            throw Conflict();
        return beyond == record.Length;

        StorageConflictException Conflict()
            => new($"{path} has {expectedLength + beyond} bytes where {expectedLength} were expected, and they do not end with this record: another process writes the same run.");
    }

    private static byte[]? ReadFile(string file, string path)
    {
        if (!File.Exists(file))
            return null;
        using var stream = OpenAlone(file, FileMode.Open, FileAccess.Read);
        if (stream.Length > Array.MaxLength)
            throw new StorageUnavailableException($"{path} has {stream.Length} bytes, more than one array can hold ({Array.MaxLength}).", false);
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    /// <summary>Opens a file that another process may hold for the moment of its own append.</summary>
    private static FileStream OpenAlone(string file, FileMode mode, FileAccess access)
    {
        for (var start = Environment.TickCount64; ; Thread.Sleep(1))
        {
            try
            {
                return new FileStream(file, mode, access, access == FileAccess.Read ? FileShare.ReadWrite | FileShare.Delete : FileShare.Read, 0);
            }
            catch (IOException e) when (LocalFailure.IsSharing(e) && Environment.TickCount64 - start < Patience.TotalMilliseconds)
            {
            }
        }
    }

    private IEnumerable<string> Find(string prefix)
    {
        var folder = Resolve(prefix[..(prefix.LastIndexOf('/') + 1)]);
        if (!Directory.Exists(folder))
            return [];
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
        return Directory.EnumerateFiles(folder, "*", all)
            .Select(f => Path.GetRelativePath(_root, f).Replace('\\', '/'))
            .Where(p => p.StartsWith(prefix, StringComparison.Ordinal) && !p.EndsWith(Unfinished, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
    }

    /// <summary>The file behind a path; a link below the root could lead anywhere and is refused.</summary>
    private string Resolve(string path)
    {
        var at = _root;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at = Path.Combine(at, part);
            if (new FileInfo(at).LinkTarget is not null)
                throw new UserErrorException($"\"{at}\" is a link and could lead out of the storage folder; put the files themselves there, or make {_root} itself the link.");
        }

        return at;
    }

    private static string MakeFolder(string folder)
    {
        if (Directory.Exists(folder))
            return folder;
        var parent = MakeFolder(Path.GetDirectoryName(folder)!);
        Directory.CreateDirectory(folder);
        FolderSync.Flush(parent);
        return folder;
    }

    private static void TryTo(Action undo)
    {
        try
        {
            undo();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The failure that led here is the one to report; what stays is recognised by the next append, or has a name that no reader takes.
        }
    }

    private Task<T> Do<T>(string what, string path, CancellationToken cancellation, Func<string, T> act)
        => Guard(what, path, cancellation, () => act(Resolve(StoragePaths.File(path))));

    /// <summary>Runs off the caller's scheduler, as syncing a disk blocks, and turns failures of the device into one exception.</summary>
    private Task<T> Guard<T>(string what, string path, CancellationToken cancellation, Func<T> act)
        => Task.Run(
            () =>
            {
                try
                {
                    return act();
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw LocalFailure.Describe(what, path, _root, e);
                }
            },
            cancellation);
}
