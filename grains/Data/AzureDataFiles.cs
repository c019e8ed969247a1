using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using SslOrleans.Contracts;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Data;

namespace SslOrleans.Grains.Data;

/// <summary>Blobs of a container. A blob that was written anew has another ETag, and reading it under the old one is refused.</summary>
public sealed class AzureDataFiles : IDataFiles
{
    private readonly BlobContainerClient _container;
    private readonly string _prefix;
    private readonly AzureCalls _calls;

    /// <param name="container">Its own retries should be off: this class does them.</param>
    /// <param name="folder">Folder in the container; empty for its root.</param>
    /// <param name="location">For people, without any credential.</param>
    /// <param name="options">Time-outs and retries.</param>
    public AzureDataFiles(BlobContainerClient container, string folder, string location, AzureStorageOptions options)
    {
        _container = container;
        _prefix = folder.Length == 0 ? "" : folder.Trim('/') + "/";
        _calls = new AzureCalls(options, $"container {container.Name} at {container.Uri.Host}");
        Location = location;
    }

    public string Location { get; }

    public IReadOnlyList<DataFile> List()
        => Wait(_calls.Guard<IReadOnlyList<DataFile>>("list", Location, () => _calls.Try(Listing, default), default));

    public void Read(DataFile file, long offset, Memory<byte> target)
    {
        var options = new BlobDownloadOptions
        {
            Range = new HttpRange(offset, target.Length),
            Conditions = new BlobRequestConditions { IfMatch = new ETag(file.Version) },
        };
        Wait(_calls.Guard("read", file.Name, () => Download(file, options, target), default));
    }

    public void Dispose()
    {
    }

    private async Task<IReadOnlyList<DataFile>> Listing(CancellationToken cancellation)
    {
        var files = new List<DataFile>();
        await foreach (var blob in _container.GetBlobsAsync(BlobTraits.None, BlobStates.None, _prefix, cancellation))
        {
            if (blob.Properties is { ContentLength: { } length, ETag: { } tag })
                files.Add(new DataFile(blob.Name[_prefix.Length..], length, tag.ToString("G")));
        }

        return [.. files.OrderBy(f => f.Name, StringComparer.Ordinal)];
    }

    private async Task<bool> Download(DataFile file, BlobDownloadOptions options, Memory<byte> target)
    {
        try
        {
            return await _calls.Try(
                async token =>
                {
                    using var response = (await _container.GetBlobClient(_prefix + file.Name).DownloadStreamingAsync(options, token)).Value;
                    await response.Content.ReadExactlyAsync(target, token);
                    return true;
                },
                default);
        }
        catch (RequestFailedException e) when (e.Status is 412 or 416 || e.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            throw DataFiles.Changed(this, file);
        }
    }

    /// <summary>Callers are threads of their own, never a grain's scheduler. What only a person can mend becomes their error.</summary>
    private static T Wait<T>(Task<T> call)
    {
        try
        {
            return call.ConfigureAwait(false).GetAwaiter().GetResult();
        }
        catch (StorageUnavailableException e) when (!e.IsTransient)
        {
            throw new UserErrorException(e.Message, e);
        }
    }
}
