using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SslOrleans.Client.Tests.Cluster;

/// <summary>A certificate that every handshake would refuse is refused before the silo starts, by what is wrong with it.</summary>
public class TlsCertificateTests
{
    private const string Server = "1.3.6.1.5.5.7.3.1";
    private const string Client = "1.3.6.1.5.5.7.3.2";

    [Theory]
    [InlineData("its extended key usages lack clientAuth (1.3.6.1.5.5.7.3.2); have one issued with extendedKeyUsage=serverAuth,clientAuth", Server)]
    [InlineData("its extended key usages lack serverAuth (1.3.6.1.5.5.7.3.1); have", Client)]
    [InlineData("its extended key usages lack serverAuth (1.3.6.1.5.5.7.3.1) and clientAuth (1.3.6.1.5.5.7.3.2)", "1.3.6.1.5.5.7.3.8")]
    public async Task A_silos_certificate_must_be_for_both_sides(string expected, params string[] usages)
        => await Refuses(expected, Certificate(DateTimeOffset.UtcNow, usages).Export(X509ContentType.Pkcs12));

    [Fact]
    public async Task One_that_has_expired_is_told_apart() => await Refuses("it is valid from 20", Certificate(DateTimeOffset.UtcNow.AddYears(-2), Server, Client).Export(X509ContentType.Pkcs12));

    [Fact]
    public async Task One_without_its_key_is_told_apart()
        => await Refuses("it holds no private key", new X509Certificate2Collection(X509CertificateLoader.LoadCertificate(Certificate(DateTimeOffset.UtcNow, Server, Client).RawData)).Export(X509ContentType.Pkcs12)!);

    [Fact]
    public async Task One_for_both_sides_gets_as_far_as_the_next_mistake()
    {
        var call = await Start(Certificate(DateTimeOffset.UtcNow, Server, Client).Export(X509ContentType.Pkcs12), "--advertise", "192.0.2.1:11111", "--membership", "azure");
        Assert.DoesNotContain("--certificate", call.ErrorLine);
    }

    private static async Task Refuses(string expected, byte[] file)
    {
        var call = await Start(file);
        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine);
        Assert.StartsWith("sslo: --certificate ", call.ErrorLine);
    }

    private static async Task<Invocation> Start(byte[] file, params string[] more)
    {
        using var folder = new TestFolder();
        File.WriteAllBytes(folder.In("mine.pfx"), file);
        return await Invocation.Of(["silo", "--roles", "parameters", "--workers", "0", "--dashboard", "off", "--runs", folder.In("runs"), "--certificate", folder.In("mine.pfx"), .. more]);
    }

    private static X509Certificate2 Certificate(DateTimeOffset from, params string[] usages)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=silo.example", key, HashAlgorithmName.SHA256);
        var oids = new OidCollection();
        foreach (var usage in usages)
            oids.Add(new Oid(usage));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(oids, critical: false));
        return request.CreateSelfSigned(from.AddDays(-1), from.AddYears(1));
    }
}
