using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Messaging;

namespace Orleans.Runtime;

/// <summary>How a silo starts and stops.</summary>
internal sealed partial class SiloNode
{
    private readonly List<Listener> _listeners = [];
    private Timer? _collector;
    private volatile bool _stopping;

    /// <summary>Declared dead: the grains belong to others, so there is nothing to say goodbye to.</summary>
    private volatile bool _surrendered;

    public async Task StartAsync(CancellationToken token)
    {
        Filters = [.. ServiceProvider.GetServices<IIncomingGrainCallFilter>()];
        Loopback.Check(Address.Endpoint.Address, "listen on");
        _monitor = new HeartbeatMonitor(HeartbeatPatience);
        try
        {
            _listeners.Add(new Listener(this, _endpoints.SiloListeningEndpoint ?? Address.Endpoint, "SiloPort"));
            await JoinAsync(token).ConfigureAwait(false);
            // Clients come in once the silo can serve them.
            if (_endpoints.GatewayPort != 0)
            {
                var gateway = _endpoints.GatewayListeningEndpoint ?? GatewayAddress.Endpoint;
                _listeners.Add(new Listener(this, gateway, "GatewayPort"));
            }
        }
        catch
        {
            _stopping = true;
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }
        _collector = new Timer(_ => Catalog.CollectIdle(Options), null, Options.CollectionQuantum, Options.CollectionQuantum);
        Log.LogInformation("Silo {Name} is up at {Address}, gateway port {Gateway}", Name, Address, _endpoints.GatewayPort);
    }

    /// <summary>Leaves so that no call is lost: grains finish what runs, what waits goes to other silos, answers go out, then connections close.</summary>
    public async Task StopAsync(CancellationToken token)
    {
        if (_stopping)
            return;
        _stopping = true;
        if (_surrendered)
        {
            await DisposeAsync().ConfigureAwait(false);
            return;
        }
        await SayAsync(SiloStatus.ShuttingDown).ConfigureAwait(false);
        foreach (var client in _clients.Values)
            client.Send(Frames.Goodbye());
        try
        {
            do
            {
                await Catalog.DeactivateAllAsync(new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo stops."))
                    .WaitAsync(Options.DeactivationTimeout, token).ConfigureAwait(false);
            }
            while (Catalog.All.Any());
            await SayAsync(SiloStatus.Stopping).ConfigureAwait(false);
            // What was sent here before the others heard of it is still answered, or passed on.
            for (var quiet = 0; quiet < 5 && !token.IsCancellationRequested;)
            {
                await Task.Delay(20, token).ConfigureAwait(false);
                quiet = Connections().Any(connection => !connection.Unanswered.IsEmpty) ? 0 : quiet + 1;
            }
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            Log.LogWarning("Silo {Name} stops although grains are still busy", Name);
        }
        await SayAsync(SiloStatus.Dead).ConfigureAwait(false);
        await DisposeAsync().ConfigureAwait(false);
        Log.LogInformation("Silo {Name} has left", Name);
    }

    public override async ValueTask DisposeAsync()
    {
        _stopping = true;
        _collector?.Dispose();
        foreach (var listener in _listeners)
            listener.Dispose();
        foreach (var connection in Connections())
            await connection.DisposeAsync().ConfigureAwait(false);
        _heartbeat?.Dispose();
        _monitor?.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private List<Connection> Connections() =>
    [
        .. _silos.Values.Where(connecting => connecting.IsCompletedSuccessfully).Select(connecting => connecting.Result!).Where(connection => connection is not null),
        .. _clients.Values,
    ];

    private async Task SayAsync(SiloStatus status)
    {
        try
        {
            await Primary.SetStatus(Address, status).WaitAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OrleansException or TimeoutException)
        {
            Log.LogDebug(error, "Could not tell the primary about {Status}", status);
        }
    }
}
