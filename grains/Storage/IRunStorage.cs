namespace SslOrleans.Grains.Storage;

/// <summary>
/// Where runs are kept: a local folder or a container of blobs. Paths use <c>/</c> and are relative to the root,
/// as in <c>quickstart/ledger.jsonl</c>.
/// </summary>
public interface IRunStorage
{
    /// <summary>The root, for people.</summary>
    string Description { get; }

    /// <summary>The whole content, or null when there is none.</summary>
    Task<byte[]?> Read(string path, CancellationToken cancellation = default);

    /// <summary>Replaces the content in one piece: a reader sees the old or the new, never a part.</summary>
    Task Write(string path, ReadOnlyMemory<byte> content, CancellationToken cancellation = default);

    /// <summary>
    /// Adds a record at the end and returns when it is durable. <paramref name="expectedLength"/> is the length before:
    /// when the content is longer already by exactly this record, the call was repeated and changes nothing.
    /// </summary>
    /// <returns>The length after.</returns>
    Task<long> Append(string path, ReadOnlyMemory<byte> record, long expectedLength, CancellationToken cancellation = default);

    /// <summary>Cuts the content to a length (repair of a half-written record).</summary>
    Task Truncate(string path, long length, CancellationToken cancellation = default);

    /// <summary>Paths that start with <paramref name="prefix"/>, in order.</summary>
    Task<IReadOnlyList<string>> List(string prefix, CancellationToken cancellation = default);

    /// <summary>Removes everything that starts with <paramref name="prefix"/>.</summary>
    Task Delete(string prefix, CancellationToken cancellation = default);
}
