using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using SslOrleans.Contracts;
using SslOrleans.Silo;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Client.Cluster;

/// <summary>
/// The way to the grains: a client of a running cluster, or a silo of this process. A silo of this process is one among others: those
/// that have joined it go on when it ends.
/// </summary>
public sealed class ClusterConnection : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly FolderCluster? _folder;
    private readonly string? _dashboard;
    private readonly List<WorkerProcess> _workers = [];

    private ClusterConnection(IHost host, FolderCluster? folder, string? dashboard) => (_host, _folder, _dashboard) = (host, folder, dashboard);

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Worker processes that were started through this connection.</summary>
    public IReadOnlyList<WorkerProcess> Workers => _workers;

    /// <summary>Address of a page that a silo of the cluster serves; null when none is known.</summary>
    public string? Dashboard => _dashboard ?? _folder?.Living().FirstOrDefault(s => s.Dashboard is not null)?.Dashboard;

    /// <summary>Connects to the cluster that <see cref="Gateway.Variable"/> names, else to the folder's; null when none is running.</summary>
    public static async Task<ClusterConnection?> TryConnect(string runsFolder, CancellationToken cancellation = default)
    {
        if (Gateway.FromEnvironment() is { } gateway)
            return await Connect(client => Clustering.Configure(client, gateway.EndPoint, gateway.ClusterId, gateway.Cluster), null, cancellation);
        var folder = new FolderCluster(runsFolder);
        return folder.Living().Any(s => s.IsGateway)
            ? await Connect(client => Clustering.Configure(client, folder, folder.Name!), folder, cancellation)
            : null;
    }

    /// <summary>Starts a silo in this process.</summary>
    public static async Task<ClusterConnection> Start(SiloSettings settings, CancellationToken cancellation = default)
    {
        settings = SiloHost.WithPorts(settings);
        var host = SiloHost.Build(settings);
        await Start(host, cancellation);
        return new ClusterConnection(host, new FolderCluster(settings.Cluster.Folder ?? settings.Storage), settings.Dashboard?.Url);
    }

    /// <summary>Starts a worker process that joins the folder's cluster and holds warm copies.</summary>
    /// <exception cref="UserErrorException">The cluster does not live in a folder of this machine.</exception>
    public WorkerProcess StartWorker(string runsFolder, int threads, string device)
    {
        var worker = WorkerProcess.Start(FreeNames(1, _ => true).Single(), runsFolder, threads, device);
        _workers.Add(worker);
        return worker;
    }

    /// <summary>Names for worker processes that no living silo has.</summary>
    /// <param name="count">How many.</param>
    /// <param name="isFree">Whether a name may be taken.</param>
    /// <exception cref="UserErrorException">The cluster does not live in a folder of this machine.</exception>
    public IReadOnlyList<string> FreeNames(int count, Func<string, bool> isFree)
    {
        if (_folder is null)
            throw new UserErrorException($"{Gateway.Variable} names a cluster whose silos find each other elsewhere than in a folder of this machine; start workers with `sslo silo` as those silos were started.");
        var taken = _folder.Living().Select(s => s.Name).Concat(_workers.Select(w => w.Name)).ToHashSet();
        return [.. Enumerable.Range(1, int.MaxValue).Select(i => $"worker-{i}").Where(n => !taken.Contains(n) && isFree(n)).Take(count)];
    }

    /// <summary>Ends the worker processes, then the silo or the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
            worker.Dispose();
        await _host.StopAsync();
        _host.Dispose();
    }

    private static async Task<ClusterConnection> Connect(Action<IClientBuilder> configure, FolderCluster? folder, CancellationToken cancellation)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Error).AddSimpleConsole(o => o.SingleLine = true);
        builder.UseOrleansClient(configure);
        var host = builder.Build();
        await Start(host, cancellation);
        return new ClusterConnection(host, folder, null);
    }

    /// <summary>A host that does not start keeps nothing: no port, and no place among the living.</summary>
    private static async Task Start(IHost host, CancellationToken cancellation)
    {
        try
        {
            await host.StartAsync(cancellation);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }
}
