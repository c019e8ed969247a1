using System.Net;
using Azure.Storage.Blobs;
using SslOrleans.Contracts;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Data;

/// <summary>
/// Where data sets may be: a folder, <c>azure:CONTAINER/FOLDER</c> with the connection of the environment, or a container's https address,
/// which is read without credentials where the environment has none for it.
/// </summary>
public static class DataLocations
{
    private const string Scheme = "azure:";

    /// <summary>True for a container; false for a path of this machine.</summary>
    public static bool IsContainer(string location)
        => location.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || location.Contains("://", StringComparison.Ordinal);

    /// <summary>A location that means the same in every process: a path becomes a full one. Refuses what would spread a secret.</summary>
    /// <exception cref="UserErrorException">The location carries credentials, or names no container.</exception>
    public static string Normalize(string location)
    {
        if (location.Contains("AccountKey=", StringComparison.OrdinalIgnoreCase) || location.Contains("SharedAccessSignature=", StringComparison.OrdinalIgnoreCase))
            throw new UserErrorException($"--data is a connection string; put it into {RunStorage.ConnectionStringVariable} and give --data azure:CONTAINER/FOLDER.");
        if (!IsContainer(location))
            return Path.GetFullPath(location);
        if (location.Contains('?', StringComparison.Ordinal))
        {
            throw new UserErrorException(
                $"--data has a signature behind \"?\", which would be written into the run; put it into {RunStorage.ConnectionStringVariable} (BlobEndpoint=…;SharedAccessSignature=…) and give --data azure:CONTAINER/FOLDER.");
        }

        return location.TrimEnd('/');
    }

    /// <summary>The files at a location.</summary>
    /// <exception cref="UserErrorException">The location names nothing that can be opened.</exception>
    public static IDataFiles Open(string location, AzureStorageOptions? options = null)
    {
        location = Normalize(location);
        if (!IsContainer(location))
            return new FolderFiles(location);
        var (container, folder) = location.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? RunStorage.NamedContainer(location) : Address(location);
        return new AzureDataFiles(container, folder, location, options ?? new AzureStorageOptions());
    }

    /// <summary>Opens a split without a cluster, as the console's inspection does.</summary>
    /// <exception cref="UserErrorException">Nothing is there, or it is damaged or may not be read.</exception>
    public static IImageSource OpenSource(string location, string split, SourceOptions? options = null)
    {
        var normal = Normalize(location);
        return IsContainer(normal)
            ? ImageSources.Open(new CachedFiles(Open(normal), CacheOptions.FromEnvironment(), _ => { }), split, options)
            : ImageSources.Open(location, split, options);
    }

    /// <summary>How a process without a cluster reaches a location.</summary>
    /// <param name="location">The place.</param>
    /// <param name="change">Changes the options that pictures are opened with; null: none.</param>
    public static DataAccess Access(string location, Func<SourceOptions, SourceOptions>? change = null) => new(
        (split, options) => OpenSource(location, split, change?.Invoke(options) ?? options),
        () => IsContainer(location) ? new CachedFiles(Open(location), CacheOptions.FromEnvironment(), _ => { }) : Open(location));

    /// <summary>Looks whether a split is there and may be read, before anything is begun that needs it.</summary>
    /// <exception cref="UserErrorException">It is not.</exception>
    public static void Check(string location, string split)
    {
        if (!IsContainer(location))
        {
            ImageSources.Check(location, split);
            return;
        }

        using var files = Open(location);
        ImageSources.Check(files, split);
    }

    /// <summary>The splits that are at a location.</summary>
    /// <exception cref="UserErrorException">Nothing is there, or it may not be read.</exception>
    public static IReadOnlyList<string> Splits(string location)
    {
        if (!IsContainer(location))
            return ImageSources.Splits(location);
        using var files = Open(location);
        return ImageSources.Splits(files);
    }

    private static (BlobContainerClient Container, string Folder) Address(string location)
    {
        if (!Uri.TryCreate(location, UriKind.Absolute, out var address)
            || (address.Scheme != Uri.UriSchemeHttps && !(address.Scheme == Uri.UriSchemeHttp && (address.IsLoopback || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip))))))
        {
            throw new UserErrorException($"--data is {location}, no https address; give a folder, azure:CONTAINER/FOLDER or https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER.");
        }

        var parts = new BlobUriBuilder(address);
        var folder = parts.BlobName;
        parts.BlobName = "";
        if (string.IsNullOrEmpty(parts.BlobContainerName))
            throw new UserErrorException($"--data is {location}, which names no container; write it as https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER.");
        return (WithCredentials(parts) ?? new BlobContainerClient(parts.ToUri(), RunStorage.ClientOptions()), folder);
    }

    /// <summary>The container by the environment's connection, when that is for the address's account.</summary>
    private static BlobContainerClient? WithCredentials(BlobUriBuilder address)
    {
        if (string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(RunStorage.ConnectionStringVariable)))
            return null;
        var (container, _) = RunStorage.NamedContainer(Scheme + address.BlobContainerName);
        return string.Equals(container.Uri.GetLeftPart(UriPartial.Path), address.ToUri().GetLeftPart(UriPartial.Path), StringComparison.OrdinalIgnoreCase) ? container : null;
    }
}
