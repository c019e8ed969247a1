using System.Net;
using Microsoft.Extensions.Logging;
using SslOrleans.Silo.Dashboard;

namespace SslOrleans.Silo;

/// <summary>How a silo is started; the client's options fill it.</summary>
public sealed record SiloSettings
{
    public string Name { get; init; } = $"silo-{Environment.ProcessId}";

    /// <summary>Port for other silos; 0 picks a free one.</summary>
    public int SiloPort { get; init; }

    /// <summary>Port for clients; 0 picks a free one.</summary>
    public int GatewayPort { get; init; }

    /// <summary>Name of the cluster; null: sslorleans or, with a folder's membership, one that follows from the folder.</summary>
    public string? ClusterId { get; init; }

    /// <summary>How it is reached and how silos find each other.</summary>
    public ClusterSettings Cluster { get; init; } = new();

    /// <summary>Where others reach this silo; nowhere as long as its port is not known.</summary>
    public IPEndPoint AdvertisedEndpoint => new(Cluster.Advertised, Cluster.AdvertisedPort > 0 ? Cluster.AdvertisedPort : SiloPort);

    /// <summary>Comma-separated roles, <see cref="Grains.Placement.Roles"/>.</summary>
    public string Roles { get; init; } = $"{Grains.Placement.Roles.Parameters},{Grains.Placement.Roles.Worker}";

    /// <summary>Workers on this silo, each a compute thread with a replica.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>cpu or cuda; with several GPUs worker i takes cuda:i.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>libtorch threads of each worker; must be the recipe's.</summary>
    public int ThreadsPerWorker { get; init; } = 1;

    /// <summary>File with the private key that signs the ledgers of runs that this silo leads; null: it signs none. Only the path is kept here.</summary>
    public string? SigningKey { get; init; }

    /// <summary>Where this silo serves the dashboard; null: not at all.</summary>
    public DashboardSettings? Dashboard { get; init; }

    /// <summary>Where runs are kept: a folder, or a container of blobs.</summary>
    public string Storage { get; init; } = "runs";

    /// <summary>
    /// What the actors' host says on the console. A command that tells of workers that come, go and die in its own words asks for errors only.
    /// </summary>
    public LogLevel HostLog { get; init; } = LogLevel.Warning;

    /// <summary>Chaos: makes this silo's workers slower by so much per micro-batch, as a busy machine would.</summary>
    public TimeSpan SlowDown { get; init; }
}
