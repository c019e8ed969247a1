using SslOrleans.Contracts;

namespace SslOrleans.Grains.Storage;

/// <summary>Which paths a storage takes: relative, with <c>/</c>, and never out of the root.</summary>
internal static class StoragePaths
{
    /// <summary>Returns the path of a file.</summary>
    /// <exception cref="UserErrorException">It is empty, absolute, or has a part that leads elsewhere.</exception>
    public static string File(string path)
    {
        if (string.IsNullOrEmpty(path) || path.EndsWith('/'))
            throw new UserErrorException($"The storage path \"{path}\" names no file; use a path such as run/ledger.jsonl.");
        return Checked(path, path.Split('/'));
    }

    /// <summary>Returns the prefix of a listing or removal; it may end within a name or with <c>/</c>.</summary>
    /// <exception cref="UserErrorException">As for <see cref="File"/>.</exception>
    public static string Prefix(string prefix)
    {
        var parts = prefix.Split('/');
        return Checked(prefix, parts[^1].Length == 0 ? parts[..^1] : parts);
    }

    private static string Checked(string path, string[] parts)
    {
        foreach (var part in parts)
        {
            if (part is "" or "." or ".." || part.AsSpan().ContainsAny('\\', ':', '\0'))
                throw new UserErrorException($"The storage path \"{path}\" leaves the root or has a forbidden part \"{part}\"; use plain names with / between them.");
        }

        return path;
    }
}
