using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data;

/// <summary>A folder of this machine, or one file of it.</summary>
public sealed class FolderFiles : IDataFiles
{
    private readonly string _root;
    private readonly string? _only;

    /// <exception cref="UserErrorException">There is no such folder or file.</exception>
    public FolderFiles(string path)
    {
        _only = File.Exists(path) ? Path.GetFileName(path) : null;
        if (_only is null && !Directory.Exists(path))
            throw new UserErrorException($"Data folder '{path}' does not exist; give the folder that holds the images or shards.");
        _root = _only is null ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        Location = path;
    }

    public string Location { get; }

    public IReadOnlyList<DataFile> List()
    {
        try
        {
            return [.. new DirectoryInfo(_root).EnumerateFiles(_only ?? "*", _only is null ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly)
                .Select(f => new DataFile(Path.GetRelativePath(_root, f.FullName).Replace('\\', '/'), f.Length, Version(f.LastWriteTimeUtc)))
                .OrderBy(f => f.Name, StringComparer.Ordinal)];
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new UserErrorException($"'{Location}' may not be read ({denied.Message}); check owner and mode.", denied);
        }
    }

    public void Read(DataFile file, long offset, Memory<byte> target)
    {
        try
        {
            using var handle = File.OpenHandle(Path.Combine(_root, file.Name), options: FileOptions.RandomAccess);
            if (RandomAccess.GetLength(handle) != file.Length || Version(File.GetLastWriteTimeUtc(handle)) != file.Version)
                throw DataFiles.Changed(this, file);
            for (var read = 0; read < target.Length;)
            {
                var got = RandomAccess.Read(handle, target.Span[read..], offset + read);
                if (got == 0)
                    throw DataFiles.Changed(this, file);
                read += got;
            }
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            throw DataFiles.Changed(this, file);
        }
    }

    public void Dispose()
    {
    }

    private static string Version(DateTime written) => written.Ticks.ToString("x", System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>What all places say alike.</summary>
public static class DataFiles
{
    /// <summary>The error for a file that is not the listed one any more.</summary>
    public static UserErrorException Changed(IDataFiles files, DataFile file) =>
        new($"{files.Location}: {file.Name} changed while the run was reading it; put the old file back, or start a new run with the new data.");
}
