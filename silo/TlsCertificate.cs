using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SslOrleans.Contracts;

namespace SslOrleans.Silo;

/// <summary>This machine's certificate from a PKCS#12 file. What the other side would refuse in every handshake is refused here, by name.</summary>
internal static class TlsCertificate
{
    /// <summary>Object identifiers of the two extended key usages (RFC 5280, section 4.2.1.12).</summary>
    private static readonly (string Oid, string Name) s_server = ("1.3.6.1.5.5.7.3.1", "serverAuth");
    private static readonly (string Oid, string Name) s_client = ("1.3.6.1.5.5.7.3.2", "clientAuth");

    /// <summary>A silo's: it is called by some and calls others, so it needs both usages.</summary>
    /// <exception cref="UserErrorException">The file cannot be read, or nobody would accept what is in it.</exception>
    public static X509Certificate2 OfSilo(string path) => Load(path, s_server, s_client);

    /// <summary>A client's: it only calls.</summary>
    /// <exception cref="UserErrorException">As for a silo.</exception>
    public static X509Certificate2 OfClient(string path) => Load(path, s_client);

    private static X509Certificate2 Load(string path, params (string Oid, string Name)[] usages)
    {
        var certificate = Read(path);
        if (!certificate.HasPrivateKey)
            throw Refused(path, "it holds no private key", "export it together with its key");
        if (DateTime.Now < certificate.NotBefore || DateTime.Now > certificate.NotAfter)
            throw Refused(path, FormattableString.Invariant($"it is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u}"), "renew it, or set this machine's clock");

        // A certificate without the extension may be used for everything.
        if (certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault() is { } extension)
        {
            var missing = usages.Where(u => extension.EnhancedKeyUsages.Cast<Oid>().All(o => o.Value != u.Oid)).Select(u => $"{u.Name} ({u.Oid})").ToList();
            if (missing.Count > 0)
                throw Refused(path, $"its extended key usages lack {string.Join(" and ", missing)}", $"have one issued with extendedKeyUsage={string.Join(",", usages.Select(u => u.Name))}");
        }

        return certificate;
    }

    private static X509Certificate2 Read(string path)
    {
        try
        {
            return X509CertificateLoader.LoadPkcs12FromFile(path, Environment.GetEnvironmentVariable(Clustering.PasswordVariable));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new UserErrorException($"--certificate {path}: {e.Message} Name a PKCS#12 file and put its password into {Clustering.PasswordVariable}.", e);
        }
    }

    private static UserErrorException Refused(string path, string why, string mend) => new($"--certificate {path}: {why}; {mend}.");
}
