namespace SslOrleans.Grains.Tests.Storage;

/// <summary>A folder that goes away with the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    private const string Memory = "/dev/shm";

    /// <param name="inMemory">Where possible: for tests that write a thousand times and do not ask what the disk has.</param>
    public TemporaryFolder(bool inMemory = false)
        => Root = inMemory && Directory.Exists(Memory)
            ? Directory.CreateDirectory(Path.Combine(Memory, $"sslo-storage-{Guid.NewGuid():N}")).FullName
            : Directory.CreateTempSubdirectory("sslo-storage-").FullName;

    public string Root { get; }

    public string this[string name] => Path.Combine(Root, name);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
