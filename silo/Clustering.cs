using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting.Kubernetes;
using Orleans.Messaging;
using Orleans.Serialization;
using SslOrleans.Contracts;
using System.Security.Cryptography.X509Certificates;
using Azure.Data.Tables;
using Orleans.Connections.Security;
using SslOrleans.Grains.Storage;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Silo;

/// <summary>How silos and clients find each other and notice each other's death.</summary>
public static class Clustering
{
    /// <summary>Name of a cluster that nobody named.</summary>
    public const string DefaultClusterId = "sslorleans";

    /// <summary>Protects the certificate's file; from the environment, since a command line can be read by others.</summary>
    public const string PasswordVariable = "SSLO_CERTIFICATE_PASSWORD";

    /// <summary>A silo of the cluster.</summary>
    /// <exception cref="UserErrorException">What the clustering needs is missing.</exception>
    public static void Configure(ISiloBuilder silo, SiloSettings settings)
    {
        var cluster = settings.Cluster;
        var address = cluster.ListensEverywhere ? IPAddress.Any : cluster.Advertised;
        FreePorts.Demand(address, settings.SiloPort, "--port");
        FreePorts.Demand(address, settings.GatewayPort, "--gateway");
        var clusterId = settings.ClusterId ?? DefaultClusterId;
        if (cluster.Membership == MembershipKind.Folder)
            clusterId = UseFolder(silo, settings);
        else if (cluster.Membership == MembershipKind.AzureTables)
            UseAzureTables(silo);
        else
            UseFirstSilo(silo, cluster.Primary ?? settings.AdvertisedEndpoint);
        silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (clusterId, cluster.ServiceId));
        silo.ConfigureEndpoints(cluster.Advertised, settings.AdvertisedEndpoint.Port, settings.GatewayPort, cluster.ListensEverywhere);
        if (cluster.AdvertisedPort > 0)
            silo.Configure<EndpointOptions>(o => o.SiloListeningEndpoint = new IPEndPoint(address, settings.SiloPort));
        silo.Configure<ExceptionSerializationOptions>(AllowOurs);
        if (cluster.Kubernetes)
            UseKubernetes(silo, settings);
        if (cluster.Certificate is { } certificate)
            UseTls(silo, certificate);
        UseSteadyDirectory(silo);

        FailureDetection.Configure(silo, cluster);
    }

    /// <summary>A client of the cluster, through this gateway or, without one, through those that Azure Tables list.</summary>
    /// <exception cref="UserErrorException">As for a silo.</exception>
    public static void Configure(IClientBuilder client, IPEndPoint? gateway, string clusterId, ClusterSettings cluster)
    {
        Configure(client, clusterId, cluster);
        if (gateway is not null)
            client.UseStaticClustering(gateway);
        else
            UseAzureTables(client);
    }

    /// <summary>A client of a folder's cluster, through whichever of its silos lives.</summary>
    public static void Configure(IClientBuilder client, FolderCluster folder, string clusterId)
    {
        Configure(client, clusterId, new ClusterSettings());
        client.Services.AddSingleton<IGatewayListProvider>(new SqliteGateways(folder.File));
        client.Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = SqliteGateways.Refresh);
    }

    private static void Configure(IClientBuilder client, string clusterId, ClusterSettings cluster)
    {
        FailureDetection.Configure(client);
        client.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (clusterId, cluster.ServiceId));
        client.Configure<ExceptionSerializationOptions>(AllowOurs);
        if (cluster.Certificate is { } certificate)
            UseTls(client, certificate);
    }

    /// <summary>Orleans lets an exception travel only if the host names its namespace.</summary>
    private static void AllowOurs(ExceptionSerializationOptions options)
    {
        options.SupportedNamespacePrefixes.Add(nameof(SslOrleans));
        options.SupportedNamespacePrefixes.Add("Polly");
    }

    /// <summary>
    /// Orleans' usual directory ends grains of living silos whose entries a dead one kept: workers and slices, here, that nothing ails.
    /// </summary>
    private static void UseSteadyDirectory(ISiloBuilder silo)
    {
#pragma warning disable ORLEANSEXP003 // For evaluation, says Orleans; it passes the same tests, and the usual one loses what must survive.
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
    }

    /// <returns>Name of the folder's cluster.</returns>
    private static string UseFolder(ISiloBuilder silo, SiloSettings settings)
    {
        var folder = new FolderCluster(settings.Cluster.Folder ?? settings.Storage, settings.ClusterId);
        var name = folder.Enter();
        silo.Services.AddSingleton(s => new SqliteMembershipTable(
            folder.File, s.GetRequiredService<ILocalSiloDetails>().SiloAddress, settings.Dashboard?.Url, s.GetRequiredService<ILogger<SqliteMembershipTable>>()));
        silo.Services.AddSingleton<IMembershipTable>(s => s.GetRequiredService<SqliteMembershipTable>());
        return name;
    }

    private static void UseFirstSilo(ISiloBuilder silo, IPEndPoint first)
    {
        silo.UseDevelopmentClustering(first);
        SteadyFirstSilo.Wrap(silo.Services, first);
    }

    private static void UseAzureTables(ISiloBuilder silo) => silo.UseAzureStorageClustering(o => o.TableServiceClient = Tables());

    private static void UseAzureTables(IClientBuilder client) => client.UseAzureStorageClustering(o => o.TableServiceClient = Tables());

    /// <summary>A silo whose pod is gone is dead at once, and not when its probes say so. It is known by its pod's name.</summary>
    private static void UseKubernetes(ISiloBuilder silo, SiloSettings settings)
    {
        if (settings.Cluster.Membership == MembershipKind.Folder)
            throw new UserErrorException("--kubernetes is for silos of several machines, which cannot find each other in a folder; add --membership azure.");
        var pod = Environment.GetEnvironmentVariable(KubernetesHostingOptions.PodNameEnvironmentVariable);
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(KubernetesHostingOptions.PodNamespaceEnvironmentVariable)) || pod != settings.Name)
            throw new UserErrorException($"--kubernetes takes POD_NAMESPACE and POD_NAME from the pod (fieldRef metadata.namespace, metadata.name), and --name must be POD_NAME; it is \"{settings.Name}\", POD_NAME is \"{pod}\".");
        silo.UseKubernetesHosting();
    }

    private static TableServiceClient Tables()
    {
        var connection = Environment.GetEnvironmentVariable(RunStorage.ConnectionStringVariable);
        if (string.IsNullOrWhiteSpace(connection))
            throw new UserErrorException($"{RunStorage.ConnectionStringVariable} is not set, and silos find each other through that account's tables; set it, or name a silo with --join HOST:PORT.");
        return new TableServiceClient(connection);
    }

    private static void UseTls(ISiloBuilder silo, string path)
    {
        var certificate = TlsCertificate.OfSilo(path);
        silo.UseTls(certificate, o => Demand(o, certificate));
    }

    private static void UseTls(IClientBuilder client, string path)
    {
        var certificate = TlsCertificate.OfClient(path);
        client.UseTls(certificate, o => Demand(o, certificate));
    }

    /// <summary>Both sides show a certificate that the machine's trusted authorities have signed.</summary>
    private static void Demand(TlsOptions options, X509Certificate2 certificate)
    {
        options.LocalCertificate = certificate;
        options.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;

        // Silos know each other by address; the name in the certificate is that of the cluster.
        var name = certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false);
        options.OnAuthenticateAsClient = (_, ssl) => ssl.TargetHost = name;
    }
}
