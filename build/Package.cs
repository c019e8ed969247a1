namespace SslOrleans.Build;

/// <summary>A file of a restored package.</summary>
internal static class Package
{
    /// <exception cref="InvalidDataException">It is not there.</exception>
    public static byte[] Read(string source)
        => File.Exists(source)
            ? File.ReadAllBytes(source)
            : throw new InvalidDataException("the file is missing, so its package was not restored whole; delete the package's folder and build again.");
}
