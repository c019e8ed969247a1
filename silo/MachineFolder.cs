using System.Security.Cryptography;
using System.Text;

namespace SslOrleans.Silo;

/// <summary>Where a machine keeps what belongs to a place of runs and to nobody else: who serves it, and the key of its dashboard.</summary>
public static class MachineFolder
{
    /// <summary>The runs folder itself; for a container, a folder of the user's.</summary>
    public static string Of(string storage)
    {
        if (!storage.StartsWith("azure:", StringComparison.OrdinalIgnoreCase) && !storage.Contains("://", StringComparison.Ordinal))
            return Path.GetFullPath(storage);
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(storage)))[..16];
        return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "sslorleans", name);
    }
}
