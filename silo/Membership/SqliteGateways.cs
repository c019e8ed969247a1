using Orleans.Messaging;

namespace SslOrleans.Silo.Membership;

/// <summary>The silos of a <see cref="MembershipFile"/> that a client can go to: active ones with a port for clients and a living process.</summary>
internal sealed class SqliteGateways(MembershipFile file) : IGatewayListProvider
{
    /// <summary>Looking costs a few milliseconds, and a gateway that is gone is not to be waited for.</summary>
    public static readonly TimeSpan Refresh = TimeSpan.FromSeconds(2);

    public TimeSpan MaxStaleness => Refresh;

    public bool IsUpdatable => true;

    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    public Task<IList<Uri>> GetGateways() => Task.Run<IList<Uri>>(() =>
        [.. (file.Look()?.Members ?? []).Where(m => m.IsGateway).Select(m => SiloAddress.New(m.Address.Endpoint.Address, m.Gateway, m.Address.Generation).ToGatewayUri())]);
}
