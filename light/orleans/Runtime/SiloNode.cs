using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Orleans.Runtime;

/// <summary>One silo: it holds activations, and brings every request to the silo that has the grain.</summary>
internal sealed partial class SiloNode : Node, ILocalSiloDetails
{
    /// <summary>A request that was passed on so often is chasing a grain that nobody keeps.</summary>
    private const int MaxHops = 8;

    private readonly ConcurrentDictionary<GrainId, SiloAddress> _locations = new();
    private readonly PlacementDirector _placement;
    private readonly Dictionary<GrainType, GrainClass> _classes;

    public SiloNode(IServiceProvider services)
        : base(services, services.GetRequiredService<ILoggerFactory>().CreateLogger("Orleans.Silo"),
            services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value.ResponseTimeout)
    {
        Cluster = services.GetRequiredService<IOptions<ClusterOptions>>().Value;
        Options = services.GetRequiredService<IOptions<GrainCollectionOptions>>().Value;
        MaxMessageSize = services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value.MaxMessageBodySize;
        _endpoints = services.GetRequiredService<IOptions<EndpointOptions>>().Value;
        _health = services.GetRequiredService<IOptions<ClusterMembershipOptions>>().Value;
        Address = SiloAddress.New(_endpoints.AdvertisedIPAddress, _endpoints.SiloPort, SiloAddress.AllocateNewGeneration());
        _primaryEndpoint = services.GetRequiredService<IOptions<DevelopmentClusterMembershipOptions>>().Value.PrimarySiloEndpoint ?? Address.Endpoint;
        Name = services.GetRequiredService<IOptions<SiloOptions>>().Value.SiloName ?? $"Silo_{Guid.NewGuid():N}"[..10];
        Membership = new Membership(this, services.GetRequiredService<IOptions<SiloMetadata>>());
        Catalog = new Catalog(this);
        _placement = new PlacementDirector(this);
        _classes = GrainClass.All.ToDictionary(each => each.GrainType);
        OwnerName = Address.ToParsableString();
        Observers.AddService(nameof(ISiloControl), new SiloControl(this));
    }

    public string Name { get; }

    public string ClusterId => Cluster.ClusterId;

    public string DnsHostName => Environment.MachineName;

    public SiloAddress SiloAddress => Address;

    public SiloAddress GatewayAddress => SiloAddress.New(Address.Endpoint.Address, _endpoints.GatewayPort, Address.Generation);

    public SiloAddress Address { get; }

    public ClusterOptions Cluster { get; }

    public GrainCollectionOptions Options { get; }

    public int MaxMessageSize { get; }

    public Membership Membership { get; }

    public Catalog Catalog { get; }

    public IIncomingGrainCallFilter[] Filters { get; private set; } = [];

    public override string OwnerName { get; }

    /// <summary>Which grain type stands behind each grain interface, on any silo.</summary>
    public Dictionary<string, string> AllInterfaces
    {
        get
        {
            var all = new Dictionary<string, string>();
            foreach (var (name, type) in Membership.View.Members.SelectMany(member => member.Interfaces))
                all[name] = type;
            return all;
        }
    }

    public override GrainType GrainTypeOf(Type interfaceType)
    {
        foreach (var grainClass in GrainClass.All)
        {
            if (Array.IndexOf(grainClass.Interfaces, interfaceType) >= 0)
                return grainClass.GrainType;
        }
        return AllInterfaces.TryGetValue(interfaceType.FullName!, out var type)
            ? GrainType.Create(type)
            : throw new ArgumentException($"Could not find an implementation for interface {interfaceType.FullName}");
    }

    public override void Route(Request request)
    {
        try
        {
            if (LocalObjects.Owns(request.Target))
            {
                RouteToObject(request);
                return;
            }
            if (Catalog.Has(request.Target) && Catalog.TryDeliver(WithOwnArguments(request)))
                return;
            if (_classes.TryGetValue(request.Target.Type, out var grainClass) && grainClass.IsStatelessWorker)
                Catalog.DeliverToWorker(WithOwnArguments(request), grainClass);
            else if (_locations.TryGetValue(request.Target, out var silo) && TrySend(silo, request))
                return;
            else
                _ = RouteSlowlyAsync(WithOwnArguments(request), grainClass);
        }
        catch (Exception error)
        {
            Fail(request, error);
        }
    }

    /// <summary>Sends on a request that found no activation where it looked.</summary>
    public void Reroute(Request request)
    {
        if (request.Timer is not null)
            return;
        if (++request.Hops > MaxHops)
        {
            Fail(request, new OrleansMessageRejectionException($"{request} was passed on {MaxHops} times and found no activation that stayed."));
            return;
        }
        _locations.TryGetValue(request.Target, out var known);
        if (known?.Equals(Address) == true)
            Forget(request.Target);
        Route(request);
    }

    public void NoteLocation(GrainId grain, SiloAddress silo)
    {
        if (!silo.Equals(Address))
            _locations[grain] = silo;
    }

    protected override void Forget(GrainId grain) => _locations.TryRemove(grain, out _);

    /// <summary>The callee may change its arguments and so may the caller: unless they are immutable, each gets its own.</summary>
    private static Request WithOwnArguments(Request request)
    {
        if (request is { Arguments: { } arguments, Method: { } method, OwnsArguments: false })
        {
            method.CopyArguments(arguments);
            request.OwnsArguments = true;
        }
        return request;
    }

    private void RouteToObject(Request request)
    {
        var owner = LocalObjects.OwnerOf(request.Target);
        if (owner == OwnerName)
            Observers.Deliver(WithOwnArguments(request));
        else if (!owner.StartsWith("client-", StringComparison.Ordinal))
            SendOrFail(SiloAddress.FromParsableString(owner), request);
        else if (_clients.TryGetValue(owner, out var client))
            Send(client, request);
        else
            _ = RouteToClientAsync(request, owner);
    }

    private async Task RouteToClientAsync(Request request, string client)
    {
        try
        {
            WithOwnArguments(request);
            var gateway = await Primary.Lookup(ClientEntry(client)).ConfigureAwait(false);
            if (gateway is null || gateway.Equals(Address) || ++request.Hops > MaxHops)
                Fail(request, new ClientNotAvailableException($"The client of observer {request.Target} is not connected."));
            else
                await SendOrFailAsync(gateway, request).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Fail(request, error);
        }
    }

    /// <summary>Finds out where the grain is, or where it should be.</summary>
    private async Task RouteSlowlyAsync(Request request, GrainClass? grainClass)
    {
        try
        {
            for (var attempt = 0; ; attempt++)
            {
                // A request that was sent here was meant for here, unless this silo is about to leave.
                var candidate = request.Hops > 0 && grainClass is not null && Membership.View.IsActive(Address)
                    ? Address
                    : _placement.Choose(request, grainClass);
                if (candidate.Equals(Address))
                {
                    Catalog.Deliver(request, grainClass!);
                    return;
                }
                if (await Primary.Locate(request.Target, candidate).ConfigureAwait(false) is not { } owner)
                {
                    await Task.Delay(10).ConfigureAwait(false);
                }
                else if (owner.Equals(Address) && grainClass is not null)
                {
                    Catalog.Deliver(request, grainClass);
                    return;
                }
                else if (await ConnectAsync(owner).ConfigureAwait(false) is { } connection)
                {
                    NoteLocation(request.Target, owner);
                    Send(connection, request);
                    return;
                }
                else
                {
                    await Primary.Suspect(owner).ConfigureAwait(false);
                }
                if (request.IsExpired || attempt >= 20)
                    throw new SiloUnavailableException($"No silo could be reached for {request}.");
            }
        }
        catch (Exception error)
        {
            Fail(request, error);
        }
    }

    private bool TrySend(SiloAddress silo, Request request)
    {
        if (Membership.GetApproximateSiloStatus(silo) is SiloStatus.Stopping or SiloStatus.Dead
            || !_silos.TryGetValue(silo, out var connecting) || !connecting.IsCompletedSuccessfully || connecting.Result is not { IsClosed: false } connection)
        {
            Forget(request.Target);
            return false;
        }
        Send(connection, request);
        return true;
    }

    private void SendOrFail(SiloAddress silo, Request request)
    {
        if (_silos.TryGetValue(silo, out var connecting) && connecting.IsCompletedSuccessfully && connecting.Result is { IsClosed: false } connection)
            Send(connection, request);
        else
            _ = SendOrFailAsync(silo, WithOwnArguments(request));
    }

    private async Task SendOrFailAsync(SiloAddress silo, Request request)
    {
        try
        {
            if (await ConnectAsync(silo).ConfigureAwait(false) is { } connection)
                Send(connection, request);
            else
                Fail(request, new SiloUnavailableException($"Silo {silo} cannot be reached for {request}."));
        }
        catch (Exception error)
        {
            Fail(request, error);
        }
    }

    /// <summary>Sends a request; if it is another process's, notes that its answer goes there.</summary>
    private void Send(Connection connection, Request request)
    {
        if (request.Reply is RemoteReply && request.Id == 0)
            Await(request);
        request.Hops++;
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
