using System.Net;
using Azure.Storage.Blobs;
using SslOrleans.Contracts;

namespace SslOrleans.Grains.Storage;

/// <summary>
/// Opens the storage that a location names: a folder, <c>azure:container</c> or <c>azure:container/folder</c>, or a container's
/// address. Credentials come from the environment and from nowhere else; no message or description repeats them.
/// </summary>
public static class RunStorage
{
    public const string ConnectionStringVariable = "AZURE_STORAGE_CONNECTION_STRING";

    private const string Scheme = "azure:";

    /// <exception cref="UserErrorException">The location is neither a folder nor a container that can be opened; says what to do.</exception>
    public static IRunStorage Open(string location, AzureStorageOptions? options = null)
    {
        if (string.IsNullOrWhiteSpace(location))
            throw new UserErrorException("The storage location is empty; name a folder such as runs, or azure:CONTAINER.");
        if (location.Contains("AccountKey=", StringComparison.OrdinalIgnoreCase) || location.Contains("UseDevelopmentStorage=", StringComparison.OrdinalIgnoreCase))
            throw new UserErrorException($"The storage location is a connection string; put it into {ConnectionStringVariable} and name azure:CONTAINER instead.");
        if (location.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            var (named, path) = NamedContainer(location);
            return new AzureRunStorage(named, path, options);
        }

        if (location.Contains("://", StringComparison.Ordinal))
            return OpenAddress(location, options);
        return new LocalRunStorage(location);
    }

    /// <summary>The container and folder that <c>azure:CONTAINER/FOLDER</c> names, with the connection of the environment.</summary>
    internal static (BlobContainerClient Container, string Folder) NamedContainer(string location)
    {
        var (container, folder) = Cut(location[Scheme.Length..]);
        return (Service().GetBlobContainerClient(Checked(container)), folder);
    }

    private static AzureRunStorage OpenAddress(string location, AzureStorageOptions? options)
    {
        if (!Uri.TryCreate(location, UriKind.Absolute, out var address)
            || (address.Scheme != Uri.UriSchemeHttps && !(address.Scheme == Uri.UriSchemeHttp && IsLoopback(address))))
        {
            throw new UserErrorException("The storage location is no https address; name a folder, azure:CONTAINER or https://ACCOUNT.blob.core.windows.net/CONTAINER.");
        }

        var bare = address.GetLeftPart(UriPartial.Path).TrimEnd('/');
        if (address.Query.Length > 0)
        {
            var parts = new BlobUriBuilder(address);
            var folder = parts.BlobName;
            parts.BlobName = "";
            Checked(parts.BlobContainerName);
            return new AzureRunStorage(new BlobContainerClient(parts.ToUri(), ClientOptions()), folder, options);
        }

        var service = Service();
        var root = service.Uri.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/";
        if (!bare.StartsWith(root, StringComparison.OrdinalIgnoreCase))
            throw new UserErrorException($"The storage location {bare} is not under {root}, which {ConnectionStringVariable} is for; set the one that belongs to it.");
        var (name, path) = Cut(bare[root.Length..]);
        return new AzureRunStorage(service.GetBlobContainerClient(Checked(name)), path, options);
    }

    private static BlobServiceClient Service()
    {
        var connection = Environment.GetEnvironmentVariable(ConnectionStringVariable);
        if (string.IsNullOrWhiteSpace(connection))
            throw new UserErrorException($"{ConnectionStringVariable} is not set; set it to the storage account's connection string.");
        try
        {
            return new BlobServiceClient(connection, ClientOptions());
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            throw new UserErrorException($"{ConnectionStringVariable} is not a connection string; copy it again from the storage account's page \"Access keys\".");
        }
    }

    internal static BlobClientOptions ClientOptions()
    {
        var options = new BlobClientOptions(AzureRunStorage.Version);
        options.Retry.MaxRetries = 0;
        return options;
    }

    private static (string Container, string Folder) Cut(string name)
        => name.Split('/', 2) is [var container, var folder] ? (container, folder.TrimEnd('/')) : (name, "");

    private static string Checked(string container)
        => container.Length is >= 3 and <= 63 && container.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            && char.IsAsciiLetterOrDigit(container[0]) && char.IsAsciiLetterOrDigit(container[^1]) && !container.Contains("--", StringComparison.Ordinal)
            ? container
            : throw new UserErrorException($"\"{container}\" is no name of a container: 3 to 63 lower-case letters, digits and single hyphens between them.");

    private static bool IsLoopback(Uri address)
        => address.IsLoopback || (IPAddress.TryParse(address.Host, out var ip) && IPAddress.IsLoopback(ip));
}
