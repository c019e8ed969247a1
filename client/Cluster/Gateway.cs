using System.Net;
using SslOrleans.Contracts;
using SslOrleans.Silo;

namespace SslOrleans.Client.Cluster;

/// <summary>
/// The way into a running cluster: what <see cref="Variable"/> says, else the primary whose record lies in the runs folder.
/// </summary>
/// <param name="EndPoint">A silo's port for clients; null: those that Azure Tables list.</param>
/// <param name="Primary">Names of the cluster and, on this machine, where its primary is.</param>
/// <param name="Cluster">What clients and silos must agree on.</param>
public sealed record Gateway(IPEndPoint? EndPoint, SiloRecord Primary, ClusterSettings Cluster)
{
    /// <summary>HOST:PORT of a silo's gateway, or <c>azure</c>.</summary>
    public const string Variable = "SSLO_GATEWAY";

    /// <summary>Name of the cluster that <see cref="Variable"/> leads to; sslorleans by default.</summary>
    public const string ClusterVariable = "SSLO_CLUSTER";

    /// <summary>PKCS#12 file that this client shows to silos that ask for one.</summary>
    public const string CertificateVariable = "SSLO_CERTIFICATE";

    /// <returns>Null when no cluster is named and none runs on this folder.</returns>
    /// <exception cref="UserErrorException">The variable makes no sense.</exception>
    public static Gateway? Find(string runsFolder)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } said)
            return Parse(said, Environment.GetEnvironmentVariable(ClusterVariable), Environment.GetEnvironmentVariable(CertificateVariable));
        return SiloRecord.Find(runsFolder) is { } primary
            ? new Gateway(new IPEndPoint(IPAddress.Loopback, primary.GatewayPort), primary, new ClusterSettings())
            : null;
    }

    public override string ToString() => EndPoint is { } endpoint ? $"{endpoint}" : "the gateways that Azure Tables list";

    /// <summary>What the variables' values mean.</summary>
    public static Gateway Parse(string gateway, string? cluster, string? certificate)
    {
        var settings = new ClusterSettings { InAzureTables = gateway == "azure", Certificate = certificate is { Length: > 0 } ? certificate : null };
        var endpoint = settings.InAzureTables ? null : HostAndPort.Parse(gateway, Variable);
        return new Gateway(endpoint, new SiloRecord(0, 0, endpoint?.Port ?? 0, cluster is { Length: > 0 } ? cluster : "sslorleans"), settings);
    }
}
