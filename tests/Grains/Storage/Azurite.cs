using Azure.Storage.Blobs;
using SslOrleans.Client.Chaos;

namespace SslOrleans.Grains.Tests.Storage;

/// <summary>A real storage emulator on a free port, with a folder of its own.</summary>
public sealed class Azurite : IDisposable
{
    private readonly TemporaryFolder _data = new();
    private readonly AzuriteProcess _process;

    public Azurite()
    {
        _process = new AzuriteProcess(AzuriteInstallation.Install(), _data.Root);
        Start();
    }

    public string ConnectionString => _process.ConnectionString;

    public string Address => _process.Address;

    public string ConnectionStringWith(string key) => _process.ConnectionStringWith(key);

    /// <summary>A client of a container that is not there yet.</summary>
    public BlobContainerClient NewContainer(string? key = null)
    {
        var options = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2023_01_03);
        options.Retry.MaxRetries = 0;
        return new BlobServiceClient(key is null ? ConnectionString : ConnectionStringWith(key), options).GetBlobContainerClient($"t{Guid.NewGuid():N}");
    }

    /// <summary>On the port of the first time.</summary>
    public void Start() => _process.Start().GetAwaiter().GetResult();

    /// <summary>Closes it in order: only then has it everything on disk.</summary>
    public void Stop() => _process.Stop().GetAwaiter().GetResult();

    public void Dispose()
    {
        Stop();
        _process.Dispose();
        _data.Dispose();
    }
}
