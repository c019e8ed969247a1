using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Tests.Storage;

/// <summary>Passes calls on, and fails some of them before or after they were done.</summary>
public sealed class FaultyStorage(IRunStorage inner) : IRunStorage
{
    /// <summary>Bytes that the storage still takes; null for any number.</summary>
    public long? Space { get; set; }

    /// <summary>So many appends are done and then reported as failed, as when an answer is lost on the way.</summary>
    public int LostAnswers { get; set; }

    public bool IsTransient { get; set; } = true;

    public string Description => inner.Description;

    public Task<byte[]?> Read(string path, CancellationToken cancellation = default) => inner.Read(path, cancellation);

    public Task Write(string path, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        Take(path, content.Length);
        return inner.Write(path, content, cancellation);
    }

    public async Task<long> Append(string path, ReadOnlyMemory<byte> record, long expectedLength, CancellationToken cancellation = default)
    {
        Take(path, record.Length);
        var length = await inner.Append(path, record, expectedLength, cancellation);
        if (LostAnswers <= 0)
            return length;
        LostAnswers--;
        throw new StorageUnavailableException($"no answer about {path}", true);
    }

    public Task Truncate(string path, long length, CancellationToken cancellation = default) => inner.Truncate(path, length, cancellation);

    public Task<IReadOnlyList<string>> List(string prefix, CancellationToken cancellation = default) => inner.List(prefix, cancellation);

    public Task Delete(string prefix, CancellationToken cancellation = default) => inner.Delete(prefix, cancellation);

    private void Take(string path, int bytes)
    {
        if (Space is not { } space)
            return;
        if (space < bytes)
            throw new StorageUnavailableException($"no space for {path}", IsTransient);
        Space = space - bytes;
    }
}
