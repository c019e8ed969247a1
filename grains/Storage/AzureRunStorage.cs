using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace SslOrleans.Grains.Storage;

/// <summary>
/// Runs in a container of Azure Blob Storage. What is written whole is a block blob; what grows is one or more append blobs
/// (<see cref="AzureAppends"/>), so that a record is there whole or not at all.
/// </summary>
public sealed class AzureRunStorage : IRunStorage
{
    /// <summary>The newest version of the service whose uploads need no CRC64, which not every server takes.</summary>
    internal const BlobClientOptions.ServiceVersion Version = BlobClientOptions.ServiceVersion.V2023_01_03;

    private const int BlockLength = 8 << 20;
    private const int ParallelBlocks = 4;
    private const int ReadAttempts = 5;

    private readonly BlobContainerClient _container;
    private readonly string _prefix;
    private readonly AzureCalls _calls;
    private readonly AzureAppends _appends;

    /// <param name="container">Made by the first write when it is not there. Its own retries should be off: this class does them.</param>
    /// <param name="prefix">Folder in the container; empty for its root.</param>
    /// <param name="options">Time-outs and retries.</param>
    public AzureRunStorage(BlobContainerClient container, string prefix = "", AzureStorageOptions? options = null)
    {
        _container = container;
        _prefix = prefix.Length == 0 ? "" : StoragePaths.Prefix(prefix).TrimEnd('/') + "/";
        Description = $"container {container.Name} at {container.Uri.Host}{(prefix.Length > 0 ? $", folder {prefix}" : "")}";
        options ??= new AzureStorageOptions();
        _calls = new AzureCalls(options, Description);
        _appends = new AzureAppends(container, _calls, options.RecordsPerBlob, Upload, Download);
    }

    public string Description { get; }

    public Task<byte[]?> Read(string path, CancellationToken cancellation = default)
        => Do("read", path, blob => ReadBlob(blob, cancellation), cancellation);

    public Task Write(string path, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
        => Do(
            "write",
            path,
            async blob =>
            {
                try
                {
                    await InContainer(() => Upload(blob, content, cancellation), cancellation);
                    return true;
                }
                catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.InvalidBlobType)
                {
                    throw new StorageConflictException($"{path} was made by appending and cannot be replaced; delete it first.");
                }
            },
            cancellation);

    public Task<long> Append(string path, ReadOnlyMemory<byte> record, long expectedLength, CancellationToken cancellation = default)
        => Do("append to", path, blob => InContainer(() => _appends.Append(blob, path, record, expectedLength, cancellation), cancellation), cancellation);

    public Task Truncate(string path, long length, CancellationToken cancellation = default)
        => Do(
            "truncate",
            path,
            async blob =>
            {
                var content = await ReadBlob(blob, cancellation);
                if (content is null || content.Length < length)
                    throw new StorageConflictException($"{path} has {content?.Length ?? 0} bytes and cannot be cut to {length}.");
                await _appends.Replace(blob, content.AsMemory(0, (int)length), cancellation);
                return true;
            },
            cancellation);

    public Task<IReadOnlyList<string>> List(string prefix, CancellationToken cancellation = default)
    {
        var start = Checked(prefix);
        return _calls.Guard<IReadOnlyList<string>>(
            "list",
            prefix,
            async () =>
            {
                var blobs = await AzureAppends.Find(_container, _calls, start, cancellation);
                return [.. blobs.Select(b => AzureAppends.Whole(b.Name)[_prefix.Length..]).Distinct().Order(StringComparer.Ordinal)];
            },
            cancellation);
    }

    public Task Delete(string prefix, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        var start = Checked(prefix);
        return _calls.Guard(
            "delete",
            prefix,
            async () =>
            {
                foreach (var blob in await AzureAppends.Find(_container, _calls, start, cancellation))
                    await _calls.Try(t => _container.GetBlobClient(blob.Name).DeleteIfExistsAsync(cancellationToken: t), cancellation);
                _appends.Forget();
                return true;
            },
            cancellation);
    }

    private string Checked(string prefix) => _prefix + (prefix.Length == 0 ? "" : StoragePaths.Prefix(prefix));

    private async Task<T> Do<T>(string what, string path, Func<string, Task<T>> operation, CancellationToken cancellation)
    {
        var blob = _prefix + StoragePaths.File(path);
        return await _calls.Guard(what, path, () => operation(blob), cancellation);
    }

    /// <summary>Makes the container when the service says that there is none.</summary>
    private async Task<T> InContainer<T>(Func<Task<T>> write, CancellationToken cancellation)
    {
        try
        {
            return await write();
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.ContainerNotFound)
        {
            await _calls.Try(t => _container.CreateIfNotExistsAsync(cancellationToken: t), cancellation);
            return await write();
        }
    }

    private async Task<byte[]?> ReadBlob(string blob, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await _appends.Read(blob, cancellation);
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412 or 416 && attempt < ReadAttempts)
            {
                // Replaced or removed between the listing and the download.
            }
        }
    }

    /// <summary>Puts a block blob in place in one piece; a long one goes up in blocks that count only once all are there.</summary>
    private async Task<bool> Upload(string blob, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var client = _container.GetBlockBlobClient(blob);
        if (content.Length <= BlockLength)
        {
            await _calls.Try(t => client.UploadAsync(AsStream(content), cancellationToken: t), cancellation);
            return true;
        }

        // Ids of one length, and new for every upload, so that two uploads at once do not mix their blocks.
        var upload = Guid.NewGuid().ToString("N");
        var ids = Enumerable.Range(0, (content.Length + BlockLength - 1) / BlockLength)
            .Select(i => Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"{upload}{i:000000}"))).ToArray();
        await Parallel.ForAsync(0, ids.Length, InParallel(cancellation), async (i, token) =>
        {
            var block = content.Slice(i * BlockLength, Math.Min(BlockLength, content.Length - (i * BlockLength)));
            await _calls.Try(t => client.StageBlockAsync(ids[i], AsStream(block), cancellationToken: t), token);
        });
        await _calls.Try(t => client.CommitBlockListAsync(ids, cancellationToken: t), cancellation);
        return true;
    }

    /// <summary>Fills memory with a blob's bytes from its beginning on.</summary>
    private Task Download(string blob, Memory<byte> into, ETag? unchanged, CancellationToken cancellation)
    {
        var client = _container.GetBlobBaseClient(blob);
        return Parallel.ForAsync(0, (into.Length + BlockLength - 1) / BlockLength, InParallel(cancellation), async (i, token) =>
        {
            var part = into.Slice(i * BlockLength, Math.Min(BlockLength, into.Length - (i * BlockLength)));
            var options = new BlobDownloadOptions
            {
                Range = new HttpRange((long)i * BlockLength, part.Length),
                Conditions = new BlobRequestConditions { IfMatch = unchanged },
            };
            await _calls.Try(
                async t =>
                {
                    using var response = (await client.DownloadStreamingAsync(options, t)).Value;
                    await response.Content.ReadExactlyAsync(part, t);
                    return true;
                },
                token);
        });
    }

    private static ParallelOptions InParallel(CancellationToken cancellation) => new() { MaxDegreeOfParallelism = ParallelBlocks, CancellationToken = cancellation };

    private static MemoryStream AsStream(ReadOnlyMemory<byte> content)
        => System.Runtime.InteropServices.MemoryMarshal.TryGetArray(content, out var array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false);
}
