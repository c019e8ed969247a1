using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace SslOrleans.Silo.Membership;

/// <summary>
/// Where the first silo keeps the membership for the others, they cannot do without it: a silo that does not hear it waits for it instead of declaring
/// it dead. Declared dead it would begin anew with an empty table, and nobody would find anybody.
/// </summary>
/// <param name="table">Of the first silo.</param>
/// <param name="first">Its address.</param>
/// <param name="self">This silo.</param>
internal sealed class SteadyFirstSilo(IMembershipTable table, IPEndPoint first, ILocalSiloDetails self) : IMembershipTable
{
    /// <summary>Puts itself before the table that was registered last.</summary>
    public static void Wrap(IServiceCollection services, IPEndPoint first)
    {
        var registered = services.Last(s => s.ServiceType == typeof(IMembershipTable));
        services.Remove(registered);
        services.AddSingleton<IMembershipTable>(s => new SteadyFirstSilo(
            (IMembershipTable)(registered.ImplementationFactory?.Invoke(s) ?? ActivatorUtilities.CreateInstance(s, registered.ImplementationType!)),
            first,
            s.GetRequiredService<ILocalSiloDetails>()));
    }

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion)
        => entry.Status == SiloStatus.Dead && entry.SiloAddress.Endpoint.Equals(first) && !entry.SiloAddress.Equals(self.SiloAddress)
            ? Task.FromResult(true)
            : table.UpdateRowAsync(entry, etag, tableVersion, CancellationToken.None);

    public Task InitializeMembershipTable(bool tryInitTableVersion) => table.InitializeMembershipTableAsync(tryInitTableVersion, CancellationToken.None);

    public Task DeleteMembershipTableEntries(string clusterId) => table.DeleteMembershipTableEntriesAsync(clusterId, CancellationToken.None);

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => table.CleanupDefunctSiloEntriesAsync(beforeDate, CancellationToken.None);

    public Task<MembershipTableData> ReadRow(SiloAddress key) => table.ReadRowAsync(key, CancellationToken.None);

    public Task<MembershipTableData> ReadAll() => table.ReadAllAsync(CancellationToken.None);

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => table.InsertRowAsync(entry, tableVersion, CancellationToken.None);

    public Task UpdateIAmAlive(MembershipEntry entry) => table.UpdateIAmAliveAsync(entry, CancellationToken.None);
}
