using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using Orleans.Messaging;
using Orleans.Runtime;
using SslOrleans.Contracts;
using SslOrleans.Silo;
using SslOrleans.Silo.Logging;

namespace SslOrleans.Client.Cluster;

/// <summary>
/// The way to the grains: a client of the running primary, or a primary in this process when there is none.
/// </summary>
public sealed class ClusterConnection : IAsyncDisposable
{
    /// <summary>Worker processes have handed back and left by then, or are killed.</summary>
    private static readonly TimeSpan s_leave = TimeSpan.FromSeconds(1.5);

    /// <summary>The silo of this process has left by then, or ends with the process.</summary>
    private static readonly TimeSpan s_stop = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_handshake = TimeSpan.FromSeconds(1);

    private readonly IHost? _client;
    private readonly SupervisedSilo? _silo;
    private readonly string? _ownedFolder;
    private readonly List<WorkerProcess> _workers = [];

    private ClusterConnection(SiloRecord primary, IHost? client = null, SupervisedSilo? silo = null, string? ownedFolder = null)
        => (Primary, _client, _silo, _ownedFolder) = (primary, client, silo, ownedFolder);

    /// <summary>True when the primary lives in this process.</summary>
    public bool OwnsPrimary => _silo is not null;

    public SiloRecord Primary { get; }

    /// <summary>To be asked anew for each call: a silo of this process that was declared dead comes back as another one.</summary>
    public IGrainFactory Grains => (_silo?.Services ?? _client!.Services).GetRequiredService<IGrainFactory>();

    /// <summary>Worker processes that were started through this connection.</summary>
    public IReadOnlyList<WorkerProcess> Workers => _workers;

    /// <summary>Connects to the primary of the folder; null when none is running.</summary>
    public static async Task<ClusterConnection?> TryConnect(string runsFolder, CancellationToken cancellation = default)
    {
        if (Gateway.Find(runsFolder) is not { } gateway)
            return null;
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        ConsoleLines.AddTo(builder.Logging, LogLevel.Error);
        builder.UseOrleansClient(client =>
        {
            Clustering.Configure(client, gateway.EndPoint, gateway.Primary.ClusterId, gateway.Cluster);
            client.UseConnectionRetryFilter(new FirstConnection(gateway));
        });
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellation);
        }
        catch (Exception e) when (e is OrleansException or SocketException)
        {
            host.Dispose();
            throw new UserErrorException($"No silo could be reached through {gateway} for {PatientCalls.Gone.TotalSeconds:0} s ({e.Message.Split('\n')[0]}); look whether the cluster runs.", e);
        }

        return new ClusterConnection(gateway.Primary, client: host);
    }

    /// <summary>A cluster that is being restarted is waited for; Orleans would wait for three minutes, and say nothing.</summary>
    private sealed class FirstConnection(Gateway gateway) : IClientConnectionRetryFilter
    {
        private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(0.5);

        private readonly long _started = TimeProvider.System.GetTimestamp();
        private bool _said;

        public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
        {
            var waited = TimeProvider.System.GetElapsedTime(_started);
            if (exception is not (OrleansException or SocketException) || waited > PatientCalls.Gone)
                return false;
            if (!_said && waited > PatientCalls.Quiet)
                Console.Error.WriteLine($"no silo can be reached through {gateway}; waiting for one until {PatientCalls.Gone.TotalSeconds:0} s are over");
            _said |= waited > PatientCalls.Quiet;
            await Task.Delay(s_pause, cancellationToken);
            return true;
        }
    }

    /// <summary>True when this process has a silo, or when a silo that takes clients accepts a connection.</summary>
    public async Task<bool> IsReachable(CancellationToken cancellation)
    {
        if (_client is null)
            return true;
        foreach (var gateway in await _client.Services.GetRequiredService<IGatewayListProvider>().GetGateways())
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(s_handshake);
            using var socket = new TcpClient();
            try
            {
                await socket.ConnectAsync(gateway.Host, gateway.Port, limit.Token);
                return true;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }

        return false;
    }

    /// <summary>Starts a primary in this process.</summary>
    /// <param name="settings">How it is started.</param>
    /// <param name="cancellation">Gives it up.</param>
    /// <param name="runsFolder">Where its record lies; null: where runs are kept.</param>
    public static async Task<ClusterConnection> StartPrimary(SiloSettings settings, CancellationToken cancellation = default, string? runsFolder = null)
    {
        runsFolder ??= settings.Storage;
        settings = SiloHost.WithPorts(settings with { Primary = null });
        var silo = await SupervisedSilo.StartAsync(settings, Console.Error.WriteLine, cancellation: cancellation);
        var record = new SiloRecord(Environment.ProcessId, settings.SiloPort, settings.GatewayPort, settings.ClusterId, settings.Dashboard?.Url);
        record.Write(runsFolder);
        return new ClusterConnection(record, silo: silo, ownedFolder: runsFolder);
    }

    /// <summary>Starts a worker process that joins.</summary>
    public WorkerProcess StartWorker(string name, string runsFolder, int threads, string device)
    {
        var worker = WorkerProcess.Start(name, Primary.SiloPort, runsFolder, threads, device);
        _workers.Add(worker);
        return worker;
    }

    /// <summary>Lets the worker processes leave, then ends the silo or the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        // In this order: workers say goodbye to grains of this silo, and grains of this silo to the directory that workers' silos share.
        await Task.WhenAll(_workers.Select(w => w.Leave(s_leave)));
        foreach (var worker in _workers)
            worker.Dispose();
        if (_ownedFolder is not null)
            SiloRecord.Remove(_ownedFolder);
        if (_silo is not null)
        {
            await _silo.StopAsync(s_stop);
            await _silo.DisposeAsync();
        }

        if (_client is not null)
        {
            using var limit = new CancellationTokenSource(s_stop);
            await _client.StopAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _client.Dispose();
        }
    }
}
