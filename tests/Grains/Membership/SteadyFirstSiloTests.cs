using System.Net;
using Microsoft.Extensions.DependencyInjection;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Tests.Grains.Membership;

/// <summary>A silo that keeps the others' membership is not declared dead by them: its successor would begin with an empty table.</summary>
public class SteadyFirstSiloTests
{
    private static readonly SiloAddress s_first = SiloAddress.New(IPAddress.Loopback, 11111, 1);
    private static readonly SiloAddress s_other = SiloAddress.New(IPAddress.Loopback, 22222, 1);

    [Fact]
    public async Task TheOthersDoNotDeclareTheFirstOneDead()
    {
        var table = new Updates();
        var steady = Around(table, self: s_other);

        Assert.True(await steady.UpdateRowAsync(Entry(s_first, SiloStatus.Dead), "etag", new TableVersion(1, "etag"), TestContext.Current.CancellationToken));
        Assert.Empty(table.Written);
    }

    [Fact]
    public async Task EveryOtherChangeIsMade()
    {
        var table = new Updates();

        await Around(table, self: s_first).UpdateRowAsync(Entry(s_first, SiloStatus.Dead), "etag", new TableVersion(1, "etag"), TestContext.Current.CancellationToken);
        await Around(table, self: s_first).UpdateRowAsync(Entry(s_other, SiloStatus.Dead), "etag", new TableVersion(1, "etag"), TestContext.Current.CancellationToken);
        await Around(table, self: s_other).UpdateRowAsync(Entry(s_first, SiloStatus.Active), "etag", new TableVersion(1, "etag"), TestContext.Current.CancellationToken);

        Assert.Equal([(s_first, SiloStatus.Dead), (s_other, SiloStatus.Dead), (s_first, SiloStatus.Active)], table.Written);
    }

    private static IMembershipTable Around(IMembershipTable table, SiloAddress self)
    {
        var services = new ServiceCollection();
        services.AddSingleton<ILocalSiloDetails>(new Details(self));
        services.AddSingleton(_ => table);
        SteadyFirstSilo.Wrap(services, s_first.Endpoint);
        return services.BuildServiceProvider().GetRequiredService<IMembershipTable>();
    }

    private static MembershipEntry Entry(SiloAddress silo, SiloStatus status) => new() { SiloAddress = silo, Status = status };

    private sealed class Updates : IMembershipTable
    {
        public List<(SiloAddress, SiloStatus)> Written { get; } = [];

        public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion)
        {
            Written.Add((entry.SiloAddress, entry.Status));
            return Task.FromResult(true);
        }

        public Task InitializeMembershipTable(bool tryInitTableVersion) => throw new NotSupportedException();

        public Task DeleteMembershipTableEntries(string clusterId) => throw new NotSupportedException();

        public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => throw new NotSupportedException();

        public Task<MembershipTableData> ReadRow(SiloAddress key) => throw new NotSupportedException();

        public Task<MembershipTableData> ReadAll() => throw new NotSupportedException();

        public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => throw new NotSupportedException();

        public Task UpdateIAmAlive(MembershipEntry entry) => throw new NotSupportedException();
    }

    private sealed class Details(SiloAddress self) : ILocalSiloDetails
    {
        public string Name => "";

        public string ClusterId => "";

        public string DnsHostName => "";

        public SiloAddress SiloAddress => self;

        public SiloAddress GatewayAddress => self;
    }
}
