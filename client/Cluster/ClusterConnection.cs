using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Messaging;
using SslOrleans.Contracts;
using SslOrleans.Silo;
using SslOrleans.Silo.Logging;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Client.Cluster;

/// <summary>
/// The way to the grains: a client of a running cluster, or a silo of this process. A silo of this process is one among others: those
/// that have joined it go on when it ends.
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
    private readonly FolderCluster? _folder;
    private readonly string? _dashboard;
    private readonly List<WorkerProcess> _workers = [];

    private ClusterConnection(FolderCluster? folder, IHost? client = null, SupervisedSilo? silo = null, string? dashboard = null)
        => (_folder, _client, _silo, _dashboard) = (folder, client, silo, dashboard);

    /// <summary>To be asked anew for each call: a silo of this process that was declared dead comes back as another one.</summary>
    public IGrainFactory Grains => (_silo?.Services ?? _client!.Services).GetRequiredService<IGrainFactory>();

    /// <summary>Worker processes that were started through this connection.</summary>
    public IReadOnlyList<WorkerProcess> Workers => _workers;

    /// <summary>Address of a page that a silo of the cluster serves; null when none is known.</summary>
    public string? Dashboard => _dashboard ?? _folder?.Living().FirstOrDefault(s => s.Dashboard is not null)?.Dashboard;

    /// <summary>Connects to the cluster that <see cref="Gateway.Variable"/> names, else to the folder's; null when none is running.</summary>
    public static async Task<ClusterConnection?> TryConnect(string runsFolder, CancellationToken cancellation = default)
    {
        if (Gateway.FromEnvironment() is { } gateway)
            return await Connect(client => Clustering.Configure(client, gateway.EndPoint, gateway.ClusterId, gateway.Cluster), $"{gateway}", null, cancellation);
        var folder = new FolderCluster(runsFolder);
        return folder.Living().Any(s => s.IsGateway)
            ? await Connect(client => Clustering.Configure(client, folder, folder.Name!), $"the silos of {runsFolder}", folder, cancellation)
            : null;
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

    /// <summary>Starts a silo in this process.</summary>
    public static async Task<ClusterConnection> Start(SiloSettings settings, CancellationToken cancellation = default)
    {
        settings = SiloHost.WithPorts(settings);
        var silo = await SupervisedSilo.StartAsync(settings, Console.Error.WriteLine, cancellation: cancellation);
        return new ClusterConnection(new FolderCluster(settings.Cluster.Folder ?? settings.Storage), silo: silo, dashboard: settings.Dashboard?.Url);
    }

    /// <summary>Starts a worker process that joins the folder's cluster and holds warm copies; it may come to lead the run, so it gets the key's path too.</summary>
    /// <exception cref="UserErrorException">The cluster does not live in a folder of this machine.</exception>
    public WorkerProcess StartWorker(string runsFolder, int threads, string device, string? signingKey = null)
    {
        var worker = WorkerProcess.Start(FreeNames(1, _ => true).Single(), runsFolder, threads, device, more: signingKey is null ? [] : ["--sign", signingKey]);
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

    /// <summary>Lets the worker processes leave, then ends the silo or the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        // In this order: workers say goodbye to grains of this silo, and grains of this silo to the directory that workers' silos share.
        await Task.WhenAll(_workers.Select(w => w.Leave(s_leave)));
        foreach (var worker in _workers)
            worker.Dispose();
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

    /// <param name="configure">Says where its gateways are.</param>
    /// <param name="whom">The same in words.</param>
    /// <param name="folder">Where the cluster lives; null: on other machines.</param>
    /// <param name="cancellation">Gives it up.</param>
    /// <exception cref="UserErrorException">Nobody was there for half a minute.</exception>
    private static async Task<ClusterConnection> Connect(Action<IClientBuilder> configure, string whom, FolderCluster? folder, CancellationToken cancellation)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        ConsoleLines.AddTo(builder.Logging, LogLevel.Error);
        builder.UseOrleansClient(client =>
        {
            configure(client);
            client.UseConnectionRetryFilter(new FirstConnection(whom));
        });
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellation);
        }
        catch (Exception e) when (e is OrleansException or SocketException)
        {
            host.Dispose();
            throw new UserErrorException($"No silo could be reached through {whom} for {PatientCalls.Gone.TotalSeconds:0} s ({e.Message.Split('\n')[0]}); look whether the cluster runs.", e);
        }

        return new ClusterConnection(folder, client: host);
    }

    /// <summary>A cluster that is being restarted is waited for; Orleans would wait for three minutes, and say nothing.</summary>
    private sealed class FirstConnection(string whom) : IClientConnectionRetryFilter
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
                Console.Error.WriteLine($"no silo can be reached through {whom}; waiting for one until {PatientCalls.Gone.TotalSeconds:0} s are over");
            _said |= waited > PatientCalls.Quiet;
            await Task.Delay(s_pause, cancellationToken);
            return true;
        }
    }
}
