using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Serialization;

namespace SslOrleans.Conformance;

/// <summary>Starts silos and clients. This is the only file that configures a host, and it says nothing about which one.</summary>
public static class Cluster
{
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>What the hosts tell while tests run: <c>CONFORMANCE_LOG=Information</c> shows why one fails.</summary>
    private static LogLevel LogLevel { get; } = Enum.Parse<LogLevel>(Environment.GetEnvironmentVariable("CONFORMANCE_LOG") ?? nameof(LogLevel.Critical));

    public static IHost BuildSilo(SiloPorts ports, string name, Dictionary<string, string>? metadata = null, Action<ISiloBuilder>? more = null)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel);
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(ports.Silo, ports.Gateway, new IPEndPoint(IPAddress.Loopback, ports.Primary), "conformance", ports.ClusterId);
            silo.UseSiloMetadata(metadata ?? []);
            silo.AddMemoryGrainStorageAsDefault();
            silo.Configure<ExceptionSerializationOptions>(AllowOurs);
            silo.Services.AddPlacementFilter<RoleFilterStrategy, RoleFilterDirector>(ServiceLifetime.Transient);
            silo.Configure<SiloOptions>(options => options.SiloName = name);
            silo.Configure<ClusterMembershipOptions>(options =>
            {
                options.ProbeTimeout = options.MaxProbeTimeout = TimeSpan.FromSeconds(1);
                options.MinProbeTimeout = TimeSpan.FromSeconds(0.5);
                options.NumMissedProbesLimit = 2;
                options.NumVotesForDeathDeclaration = 1;
                options.EnableConnectionLivenessCheck = false;
            });
            silo.Configure<GrainCollectionOptions>(options =>
            {
                options.CollectionQuantum = TimeSpan.FromSeconds(0.5);
                options.CollectionAge = TimeSpan.FromMinutes(5);
                options.ClassSpecificCollectionAge[typeof(ShortLivedGrain).FullName!] = TimeSpan.FromSeconds(1);
            });
            more?.Invoke(silo);
        });
        return builder.Build();
    }

    public static async Task<IHost> StartSiloAsync(
        SiloPorts ports, string name, Dictionary<string, string>? metadata = null, Action<ISiloBuilder>? more = null)
    {
        var host = BuildSilo(ports, name, metadata, more);
        await host.StartAsync();
        return host;
    }

    public static async Task<IHost> StartClientAsync(string clusterId, params int[] gateways)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel);
        builder.UseOrleansClient(client => client
            .UseLocalhostClustering(gateways, "conformance", clusterId)
            .Configure<ExceptionSerializationOptions>(AllowOurs));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private static void AllowOurs(ExceptionSerializationOptions options) =>
        options.SupportedNamespacePrefixes.Add(typeof(Cluster).Namespace!);

    public static IGrainFactory Grains(this IHost host) => host.Services.GetRequiredService<IClusterClient>();

    public static async Task StopAndDisposeAsync(this IHost host)
    {
        await host.StopAsync(TimeSpan.FromSeconds(20));
        host.Dispose();
    }
}

/// <summary>Where a silo listens and where its primary is.</summary>
public sealed record SiloPorts(int Silo, int Gateway, int Primary, string ClusterId)
{
    public static SiloPorts NewPrimary()
    {
        var silo = Cluster.FreePort();
        return new SiloPorts(silo, Cluster.FreePort(), silo, Guid.NewGuid().ToString("N"));
    }

    public SiloPorts Another() => this with { Silo = Cluster.FreePort(), Gateway = Cluster.FreePort() };
}

/// <summary>Two silos and a client in this process, for all tests that break nothing.</summary>
public sealed class SharedCluster : IAsyncLifetime
{
    private readonly List<IHost> _hosts = [];

    public IHost First => _hosts[0];

    public IHost Second => _hosts[1];

    public IGrainFactory Grains { get; private set; } = null!;

    public SiloPorts Ports { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Ports = SiloPorts.NewPrimary();
        _hosts.Add(await Cluster.StartSiloAsync(Ports, "first", new() { ["role"] = "parameters" }));
        _hosts.Add(await Cluster.StartSiloAsync(Ports.Another(), "second", new() { ["role"] = "worker" }));
        _hosts.Add(await Cluster.StartClientAsync(Ports.ClusterId, Ports.Gateway));
        Grains = _hosts[2].Grains();
    }

    public async Task DisposeAsync()
    {
        foreach (var host in Enumerable.Reverse(_hosts))
            await host.StopAndDisposeAsync();
    }
}

[CollectionDefinition(nameof(SharedCluster))]
public sealed class SharedClusterCollection : ICollectionFixture<SharedCluster>;
