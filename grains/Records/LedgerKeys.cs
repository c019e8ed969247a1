using System.Security.Cryptography;
using SslOrleans.Contracts;

namespace SslOrleans.Grains.Records;

/// <summary>Key pairs that sign ledgers: ECDSA over P-256 with SHA-256, in PEM files (PKCS #8 and SubjectPublicKeyInfo, RFC 7468).</summary>
public static class LedgerKeys
{
    /// <summary>Writes a new pair: the private key to <paramref name="path"/>, which only its owner may read, the public one beside it as <c>.pub</c>.</summary>
    /// <returns>The public key's fingerprint.</returns>
    /// <exception cref="UserErrorException">One of the files is there, or cannot be written.</exception>
    public static string Generate(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var (file, pem, mode) in new[]
        {
            (path, key.ExportPkcs8PrivateKeyPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite),
            (path + ".pub", key.ExportSubjectPublicKeyInfoPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead),
        })
        {
            try
            {
                var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
                if (!OperatingSystem.IsWindows())
                    options.UnixCreateMode = mode;
                using var writer = new StreamWriter(file, options);
                writer.WriteLine(pem);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new UserErrorException($"{file} cannot be written: {e.Message} A key is never written over another one; choose another name.", e);
            }
        }

        return Fingerprint(key);
    }

    /// <exception cref="UserErrorException">The file is not there or holds no private key on P-256.</exception>
    public static ECDsa ReadPrivate(string path)
    {
        var key = Read(path, "--sign");
        try
        {
            key.ExportECPrivateKey();
            return key;
        }
        catch (CryptographicException)
        {
            key.Dispose();
            throw new UserErrorException($"--sign {path} holds a public key; give the private one of the pair, as `sslo key FILE` makes it.");
        }
    }

    /// <summary>The private key's file will do too; only what is public in it is used.</summary>
    /// <exception cref="UserErrorException">The file is not there or holds no key on P-256.</exception>
    public static ECDsa ReadPublic(string path) => Read(path, "--public-key");

    /// <summary>SHA-256 of the public key (SubjectPublicKeyInfo), as <c>SHA256:</c> and base64.</summary>
    public static string Fingerprint(ECDsa key) => "SHA256:" + Convert.ToBase64String(SHA256.HashData(key.ExportSubjectPublicKeyInfo())).TrimEnd('=');

    private static ECDsa Read(string path, string option)
    {
        string pem;
        try
        {
            pem = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{option} {path} cannot be read: {e.Message} `sslo key FILE` makes a pair.", e);
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.ExportParameters(false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value)
                return key;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            // What is wrong with a secret is not for a message.
        }

        key.Dispose();
        throw new UserErrorException($"{option} {path} holds no key on the curve P-256 in PEM; `sslo key FILE` makes a pair.");
    }
}
