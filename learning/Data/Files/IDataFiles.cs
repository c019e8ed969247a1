namespace SslOrleans.Learning.Data;

/// <summary>A file of a data set.</summary>
/// <param name="Name">Path below the root, with <c>/</c>.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Version">Another one after every change: an ETag, or a time of writing.</param>
public sealed record DataFile(string Name, long Length, string Version);

/// <summary>A place that holds files and gives ranges of them: a folder, a container, or another process. Safe for any number of threads.</summary>
public interface IDataFiles : IDisposable
{
    /// <summary>The place, for people.</summary>
    string Location { get; }

    /// <summary>All files, in the order of their names.</summary>
    /// <exception cref="Contracts.UserErrorException">Nothing is there, or it may not be read.</exception>
    IReadOnlyList<DataFile> List();

    /// <summary>Fills memory with a file's bytes from an offset on.</summary>
    /// <exception cref="Contracts.UserErrorException">The file is not the one that was listed any more.</exception>
    void Read(DataFile file, long offset, Memory<byte> target);
}
