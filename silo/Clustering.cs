using Orleans.Configuration;
using Orleans.Hosting;

namespace SslOrleans.Silo;

/// <summary>How silos find each other and notice each other's death: the one file that differs between profiles.</summary>
public static class Clustering
{
    /// <summary>A client of the cluster.</summary>
    public static void Configure(IClientBuilder client, int gatewayPort, string clusterId)
        => client.UseLocalhostClustering(gatewayPort, clusterId, clusterId);

    /// <summary>A silo of the cluster.</summary>
    public static void Configure(ISiloBuilder silo, SiloSettings settings)
    {
        silo.UseLocalhostClustering(settings.SiloPort, settings.GatewayPort, settings.Primary, settings.ClusterId, settings.ClusterId);

        // A killed silo is declared dead after about a second; the step's own leases are faster still.
        silo.Configure<ClusterMembershipOptions>(o =>
        {
            o.ProbeTimeout = TimeSpan.FromSeconds(0.5);
            o.MinProbeTimeout = TimeSpan.FromSeconds(0.3);
            o.MaxProbeTimeout = TimeSpan.FromSeconds(0.5);
            o.NumMissedProbesLimit = 2;
            o.NumVotesForDeathDeclaration = 1;
            o.EnableConnectionLivenessCheck = false;
        });
    }
}
