using SslOrleans.Contracts;

namespace SslOrleans.Grains.Storage;

/// <summary>Opens the storage that a location names.</summary>
public static class RunStorage
{
    /// <exception cref="UserErrorException">The location is neither a folder nor a container that can be opened.</exception>
    public static IRunStorage Open(string location)
    {
        if (string.IsNullOrWhiteSpace(location))
            throw new UserErrorException("The storage location is empty; name a folder such as runs.");
        return new LocalRunStorage(location);
    }
}
