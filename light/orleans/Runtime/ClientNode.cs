using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;

namespace Orleans.Runtime;

/// <summary>A process that calls grains and holds none: one connection to a gateway, replaced when it is lost.</summary>
internal sealed class ClientNode : Node
{
    private static readonly TimeSpan ReconnectPatience = TimeSpan.FromSeconds(5);

    private readonly ClusterOptions _cluster;
    private readonly IPEndPoint[] _gateways;
    private readonly int _maxMessageSize;
    private readonly TimeSpan _heartbeatPatience;
    private readonly Lock _gate = new();
    private Dictionary<string, string> _interfaces = [];
    private TaskCompletionSource<Connection> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HeartbeatSender? _heartbeat;
    private int _nextGateway;
    private volatile bool _stopping;

    public ClientNode(IServiceProvider services)
        : base(services, services.GetRequiredService<ILoggerFactory>().CreateLogger("Orleans.Client"),
            services.GetRequiredService<IOptions<ClientMessagingOptions>>().Value.ResponseTimeout)
    {
        _cluster = services.GetRequiredService<IOptions<ClusterOptions>>().Value;
        _maxMessageSize = services.GetRequiredService<IOptions<ClientMessagingOptions>>().Value.MaxMessageBodySize;
        _gateways = [.. services.GetRequiredService<IOptions<StaticGatewayListProviderOptions>>().Value.Gateways.Select(uri => IPEndPoint.Parse(uri.Authority))];
        var health = services.GetRequiredService<IOptions<ClusterMembershipOptions>>().Value;
        _heartbeatPatience = health.MinProbeTimeout * health.NumMissedProbesLimit;
        OwnerName = $"client-{Guid.NewGuid():N}";
    }

    public override string OwnerName { get; }

    private Hello Greeting => new()
    {
        Kind = PeerKind.Client,
        ClusterId = _cluster.ClusterId,
        ServiceId = _cluster.ServiceId,
        ClientId = OwnerName,
        MaxMessageSize = _maxMessageSize,
    };

    /// <summary>Connects to the first gateway that answers; after a while with none, says which were tried.</summary>
    public async Task StartAsync(CancellationToken token)
    {
        if (_gateways.Length == 0)
            throw new OrleansConfigurationException("The client knows no gateway: call UseLocalhostClustering or UseStaticClustering.");
        var until = Environment.TickCount64 + (long)ReconnectPatience.TotalMilliseconds;
        while (true)
        {
            try
            {
                await ConnectAsync(token).ConfigureAwait(false);
                return;
            }
            catch (Exception error) when (error is System.Net.Sockets.SocketException or IOException)
            {
                if (Environment.TickCount64 > until)
                    throw new SiloUnavailableException($"No gateway answers at {string.Join(", ", _gateways.AsEnumerable())}: {error.Message}", error);
                await Task.Delay(50, token).ConfigureAwait(false);
            }
        }
    }

    public override GrainType GrainTypeOf(Type interfaceType) => _interfaces.TryGetValue(interfaceType.FullName!, out var type)
        ? GrainType.Create(type)
        : throw new ArgumentException($"Could not find an implementation for interface {interfaceType.FullName}");

    public override void Route(Request request)
    {
        var connected = _connected.Task;
        if (connected.IsCompletedSuccessfully)
            Send(connected.Result, request);
        else
            _ = RouteLaterAsync(request, connected);
    }

    /// <summary>What comes in is for an observer.</summary>
    public override void Accept(Request request) => Observers.Deliver(request);

    public override void OnGoodbye(Connection connection)
    {
        // The old gateway still answers what it was asked; new calls go to another, if there is one.
        if (_gateways.Length > 1)
            Replace(connection);
    }

    public override void OnClosed(Connection connection, string reason)
    {
        base.OnClosed(connection, reason);
        if (!_stopping)
            Replace(connection);
    }

    public override async ValueTask DisposeAsync()
    {
        _stopping = true;
        _heartbeat?.Dispose();
        if (_connected.Task.IsCompletedSuccessfully)
            await _connected.Task.Result.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private void Replace(Connection connection)
    {
        lock (_gate)
        {
            if (!_connected.Task.IsCompletedSuccessfully || _connected.Task.Result != connection)
                return;
            _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _nextGateway++;
        }
        Log.LogWarning("Lost gateway {Gateway}; connecting again", connection);
        _ = ReconnectAsync();
    }

    private async Task ReconnectAsync()
    {
        while (!_stopping)
        {
            try
            {
                await ConnectAsync(CancellationToken.None).ConfigureAwait(false);
                return;
            }
            catch (Exception error)
            {
                Log.LogDebug(error, "No gateway yet");
                await Task.Delay(50).ConfigureAwait(false);
            }
        }
    }

    private async Task ConnectAsync(CancellationToken token)
    {
        var endpoint = _gateways[_nextGateway % _gateways.Length];
        try
        {
            var (connection, welcome) = await Handshake.ConnectAsync(this, endpoint, Greeting, token).ConfigureAwait(false);
            _interfaces = welcome.Interfaces;
            var (beats, _) = await Handshake.ConnectAsync(this, endpoint, Greeting with { Kind = PeerKind.Heartbeat }, token).ConfigureAwait(false);
            _heartbeat?.Dispose();
            _heartbeat = new HeartbeatSender(beats.Socket, welcome.ProcessId, _heartbeatPatience, () => connection.Close("The gateway sends no heartbeats."));
            _connected.TrySetResult(connection);
            _ = connection.RunAsync();
        }
        catch
        {
            _nextGateway++;
            throw;
        }
    }

    private async Task RouteLaterAsync(Request request, Task<Connection> connected)
    {
        try
        {
            Send(await connected.WaitAsync(ReconnectPatience).ConfigureAwait(false), request);
        }
        catch (TimeoutException)
        {
            Fail(request, new SiloUnavailableException($"No gateway answers at {string.Join(", ", _gateways.AsEnumerable())}."));
        }
    }

    private void Send(Connection connection, Request request)
    {
        try
        {
            request.SendOver(connection);
        }
        catch (Exception error)
        {
            Fail(request, error);
            return;
        }
        if (connection.IsClosed)
            Fail(request, new SiloUnavailableException($"{connection} was gone before {request} could be sent."));
    }
}
