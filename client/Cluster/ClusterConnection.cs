using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using SslOrleans.Silo;

namespace SslOrleans.Client.Cluster;

/// <summary>
/// The way to the grains: a client of the running primary, or a primary in this process when there is none.
/// </summary>
public sealed class ClusterConnection : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly string? _ownedFolder;
    private readonly List<WorkerProcess> _workers = [];

    private ClusterConnection(IHost host, SiloRecord primary, string? ownedFolder) => (_host, Primary, _ownedFolder) = (host, primary, ownedFolder);

    /// <summary>True when the primary lives in this process.</summary>
    public bool OwnsPrimary => _ownedFolder is not null;

    public SiloRecord Primary { get; }

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Worker processes that were started through this connection.</summary>
    public IReadOnlyList<WorkerProcess> Workers => _workers;

    /// <summary>Connects to the primary of the folder; null when none is running.</summary>
    public static async Task<ClusterConnection?> TryConnect(string runsFolder, CancellationToken cancellation = default)
    {
        if (Gateway.Find(runsFolder) is not { } gateway)
            return null;
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Error).AddSimpleConsole(o => o.SingleLine = true);
        builder.UseOrleansClient(client => Clustering.Configure(client, gateway.EndPoint, gateway.Primary.ClusterId, gateway.Cluster));
        var host = builder.Build();
        await host.StartAsync(cancellation);
        return new ClusterConnection(host, gateway.Primary, null);
    }

    /// <summary>Starts a primary in this process.</summary>
    /// <param name="settings">How it is started.</param>
    /// <param name="cancellation">Gives it up.</param>
    /// <param name="runsFolder">Where its record lies; null: where runs are kept.</param>
    public static async Task<ClusterConnection> StartPrimary(SiloSettings settings, CancellationToken cancellation = default, string? runsFolder = null)
    {
        runsFolder ??= settings.Storage;
        settings = SiloHost.WithPorts(settings with { Primary = null });
        var host = SiloHost.Build(settings);
        await host.StartAsync(cancellation);
        var record = new SiloRecord(Environment.ProcessId, settings.SiloPort, settings.GatewayPort, settings.ClusterId, settings.Dashboard?.Url);
        record.Write(runsFolder);
        return new ClusterConnection(host, record, runsFolder);
    }

    /// <summary>Starts a worker process that joins.</summary>
    public WorkerProcess StartWorker(string name, string runsFolder, int threads, string device)
    {
        var worker = WorkerProcess.Start(name, Primary.SiloPort, runsFolder, threads, device);
        _workers.Add(worker);
        return worker;
    }

    /// <summary>Ends the worker processes, then the silo or the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
            worker.Dispose();
        if (_ownedFolder is not null)
            SiloRecord.Remove(_ownedFolder);
        await _host.StopAsync();
        _host.Dispose();
    }
}
