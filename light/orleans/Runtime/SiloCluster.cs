using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Messaging;

namespace Orleans.Runtime;

/// <summary>The silo's connections to the primary, to the other silos and to its clients.</summary>
internal sealed partial class SiloNode
{
    private static readonly TimeSpan PrimaryPatience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<SiloAddress, Task<Connection?>> _silos = new();
    private readonly ConcurrentDictionary<string, Connection> _clients = new();
    private readonly EndpointOptions _endpoints;
    private readonly ClusterMembershipOptions _health;
    private readonly IPEndPoint _primaryEndpoint;
    private HeartbeatMonitor? _monitor;
    private HeartbeatSender? _heartbeat;
    private Connection? _primaryConnection;

    public bool IsPrimary => _primaryEndpoint.Equals(Address.Endpoint);

    /// <summary>Membership and directory, here or at the primary.</summary>
    public IPrimary Primary { get; private set; } = null!;

    private TimeSpan HeartbeatPatience => _health.MinProbeTimeout * _health.NumMissedProbesLimit;

    private Hello Greeting => new()
    {
        Kind = PeerKind.Silo,
        ClusterId = Cluster.ClusterId,
        ServiceId = Cluster.ServiceId,
        Silo = Address,
        MaxMessageSize = MaxMessageSize,
    };

    public ISiloControl ControlOf(SiloAddress silo) =>
        (ISiloControl)CreateReference(LocalObjects.ServiceId(silo.ToParsableString(), nameof(ISiloControl)), typeof(ISiloControl));

    public async Task<SiloAddress> ClaimAsync(GrainId grain) => await Primary.Locate(grain, Address).ConfigureAwait(false)
        ?? throw new OrleansMessageRejectionException($"Silo {Name} is leaving and cannot activate {grain}.");

    public async Task ReleaseAsync(GrainId grain)
    {
        try
        {
            await Primary.Release(grain, Address).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // Without a primary there is no directory to correct, and a new one asks what this silo has.
            Log.LogDebug(error, "Could not release {Grain}", grain);
        }
    }

    /// <summary>A silo or a client has connected.</summary>
    public async Task OnConnectedAsync(Connection connection)
    {
        // A peer that waited in vain for its welcome has connected anew. Its first attempt, closed before the second began,
        // must not take the second one's place, however late it is read: its end would look like the peer's death.
        lock (_clients)
        {
            if (connection.IsAbandoned)
                throw new IOException($"{connection} did not wait for its welcome.");
            if (connection.Silo is { } silo)
                _silos[silo] = Task.FromResult<Connection?>(connection);
            else if (connection.ClientId is { } own)
                _clients[own] = connection;
        }
        if (connection.ClientId is { } client)
        {
            await Primary.Place(ClientEntry(client), Address).ConfigureAwait(false);
        }
    }

    public void OnHeartbeat(Socket socket, Hello hello) => _monitor!.Add(socket, hello.ProcessId, () =>
    {
        var reason = $"No heartbeats for {HeartbeatPatience.TotalMilliseconds} ms or more.";
        if (hello.ClientId is { } client && _clients.TryGetValue(client, out var connection))
            connection.Close(reason);
        else if (hello.Silo is { } silo)
            (Primary as Primary)?.Died(silo, reason);
    });

    public override void OnClosed(Connection connection, string reason)
    {
        if (connection.Silo is { } silo)
        {
            var known = _silos.GetValueOrDefault(silo);
            // An earlier attempt of a peer that has connected since proves nothing.
            if (known is not { IsCompletedSuccessfully: true, Result.IsClosed: false })
            {
                if (known is { IsCompletedSuccessfully: true })
                    _silos.TryRemove(KeyValuePair.Create(silo, known));
                foreach (var (grain, location) in _locations)
                {
                    if (location.Equals(silo))
                        _locations.TryRemove(KeyValuePair.Create(grain, location));
                }
                (Primary as Primary)?.Died(silo, reason);
            }
        }
        else if (connection.ClientId is { } client && _clients.TryRemove(KeyValuePair.Create(client, connection)))
        {
            _ = ReleaseAsync(ClientEntry(client));
        }
        base.OnClosed(connection, reason);
        if (connection == _primaryConnection && !_stopping)
            _ = RejoinAsync(reason);
    }

    /// <summary>A silo is declared dead: whatever is on its way there is lost.</summary>
    public void OnDead(SiloAddress silo)
    {
        if (silo.Equals(Address))
        {
            if (!_stopping)
                Surrender($"Silo {Name} was declared dead.");
            return;
        }
        if (_silos.TryRemove(silo, out var connecting) && connecting.IsCompletedSuccessfully)
            connecting.Result?.Close("The silo is dead.");
    }

    private static GrainId ClientEntry(string client) => GrainId.Create("sys.client", client);

    private Task<Connection?> ConnectAsync(SiloAddress silo)
    {
        var connecting = _silos.GetOrAdd(silo, ConnectNewAsync);
        return connecting.IsCompletedSuccessfully && connecting.Result is null or { IsClosed: true } && _silos.TryRemove(KeyValuePair.Create(silo, connecting))
            ? _silos.GetOrAdd(silo, ConnectNewAsync)
            : connecting;
    }

    /// <summary>Connects to a silo; null if it is not there any more.</summary>
    private async Task<Connection?> ConnectNewAsync(SiloAddress silo)
    {
        if (Membership.IsDeadSilo(silo))
            return null;
        try
        {
            var (connection, welcome) = await Handshake.ConnectAsync(this, silo.Endpoint, Greeting, CancellationToken.None).ConfigureAwait(false);
            if (!welcome.Silo.Equals(silo))
            {
                connection.Close("It is another silo on the same port.");
                return null;
            }
            _ = connection.RunAsync();
            return connection;
        }
        catch (Exception error)
        {
            Log.LogDebug(error, "Could not connect to {Silo}", silo);
            return null;
        }
    }

    private async Task JoinAsync(CancellationToken token)
    {
        if (IsPrimary)
        {
            Primary = new Primary(this);
            Observers.AddService(nameof(IPrimary), Primary);
        }
        else
        {
            var (connection, welcome) = await ConnectToPrimaryAsync(Greeting, token).ConfigureAwait(false);
            _primaryConnection = connection;
            _silos[welcome.Silo] = Task.FromResult<Connection?>(connection);
            _ = connection.RunAsync();
            Primary = (IPrimary)CreateReference(LocalObjects.ServiceId(welcome.Silo.ToParsableString(), nameof(IPrimary)), typeof(IPrimary));
            var (beats, _) = await ConnectToPrimaryAsync(Greeting with { Kind = PeerKind.Heartbeat }, token).ConfigureAwait(false);
            _heartbeat?.Dispose();
            _heartbeat = new HeartbeatSender(beats.Socket, welcome.ProcessId, HeartbeatPatience, () => connection.Close("The primary silo sends no heartbeats."));
        }
        var answer = await Primary.Join(Self(), [.. Catalog.All.Where(each => !each.Class.IsStatelessWorker).Select(each => each.GrainId)]).ConfigureAwait(false);
        if (answer.Refusal is not null)
            throw new OrleansConfigurationException(answer.Refusal);
        Membership.Update(answer.View, force: !IsPrimary);
        foreach (var duplicate in Catalog.All.Where(each => answer.Duplicates.Contains(each.GrainId)))
            duplicate.Deactivate(new DeactivationReason(DeactivationReasonCode.DuplicateActivation, "Another silo has the grain."));
        foreach (var client in _clients.Keys)
            await Primary.Place(ClientEntry(client), Address).ConfigureAwait(false);
    }

    private async Task<(Connection Connection, Welcome Welcome)> ConnectToPrimaryAsync(Hello greeting, CancellationToken token)
    {
        var until = Environment.TickCount64 + (long)PrimaryPatience.TotalMilliseconds;
        while (true)
        {
            try
            {
                return await Handshake.ConnectAsync(this, _primaryEndpoint, greeting, token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or IOException)
            {
                if (Environment.TickCount64 > until)
                    throw new OrleansConfigurationException($"No primary silo answers at {_primaryEndpoint}: {error.Message} Start it first, or correct the port.", error);
                await Task.Delay(100, token).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The primary is gone. A new one on its port learns what this silo has; one that declared this silo dead ends it.</summary>
    private async Task RejoinAsync(string reason)
    {
        Log.LogWarning("Lost the primary silo: {Reason} Trying to join again.", reason);
        while (!_stopping)
        {
            try
            {
                await JoinAsync(CancellationToken.None).ConfigureAwait(false);
                Log.LogInformation("Joined again");
                return;
            }
            catch (OrleansConfigurationException error) when (error.InnerException is null)
            {
                Surrender(error.Message);
                return;
            }
            catch (Exception error)
            {
                Log.LogDebug(error, "Could not join again yet");
                await Task.Delay(200).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Ends the process, as Orleans does: its grains live elsewhere, and who supervises it starts it anew.</summary>
    private void Surrender(string reason)
    {
        _surrendered = true;
        Log.LogCritical("{Reason} This process ends; start it again.", reason);
        Environment.ExitCode = 1;
        ServiceProvider.GetRequiredService<IHostApplicationLifetime>().StopApplication();
    }

    private Member Self() => new()
    {
        Address = Address,
        Name = Name,
        Status = SiloStatus.Active,
        GatewayPort = _endpoints.GatewayPort,
        Metadata = new(Membership.GetSiloMetadata(Address).Metadata),
        GrainTypes = [.. _classes.Keys.Select(type => type.ToString())],
        Interfaces = GrainClass.All.SelectMany(each => each.Interfaces.Select(type => (type.FullName!, each.GrainType.ToString())))
            .DistinctBy(entry => entry.Item1).ToDictionary(),
        StartTime = DateTime.UtcNow,
    };
}
