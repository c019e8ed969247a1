using System.Net;
using SslOrleans.Contracts;
using SslOrleans.Silo;

namespace SslOrleans.Client.Cluster;

/// <summary>The way into a cluster that does not live in a folder of this machine: what <see cref="Variable"/> says.</summary>
/// <param name="EndPoint">A silo's port for clients; null: those that Azure Tables list.</param>
/// <param name="ClusterId">Name of the cluster.</param>
/// <param name="Cluster">What clients and silos must agree on.</param>
public sealed record Gateway(IPEndPoint? EndPoint, string ClusterId, ClusterSettings Cluster)
{
    /// <summary>HOST:PORT of a silo's gateway, or <c>azure</c>.</summary>
    public const string Variable = "SSLO_GATEWAY";

    /// <summary>Name of the cluster that <see cref="Variable"/> leads to; sslorleans by default.</summary>
    public const string ClusterVariable = "SSLO_CLUSTER";

    /// <summary>PKCS#12 file that this client shows to silos that ask for one.</summary>
    public const string CertificateVariable = "SSLO_CERTIFICATE";

    /// <returns>Null when the variable is not set.</returns>
    /// <exception cref="UserErrorException">The variable makes no sense.</exception>
    public static Gateway? FromEnvironment()
        => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } said
            ? Parse(said, Environment.GetEnvironmentVariable(ClusterVariable), Environment.GetEnvironmentVariable(CertificateVariable))
            : null;

    public override string ToString() => EndPoint is { } endpoint ? $"{endpoint}" : "the gateways that Azure Tables list";

    /// <summary>What the variables' values mean.</summary>
    public static Gateway Parse(string gateway, string? cluster, string? certificate)
    {
        var settings = new ClusterSettings
        {
            Membership = gateway == "azure" ? MembershipKind.AzureTables : MembershipKind.Primary,
            Certificate = certificate is { Length: > 0 } ? certificate : null,
        };
        var endpoint = gateway == "azure" ? null : HostAndPort.Parse(gateway, Variable);
        return new Gateway(endpoint, cluster is { Length: > 0 } ? cluster : Clustering.DefaultClusterId, settings);
    }
}
