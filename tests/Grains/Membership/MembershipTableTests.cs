using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using SslOrleans.Grains.Tests.Storage;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Grains.Tests.Membership;

/// <summary>What Orleans expects of every membership table; its own tests of such tables have these cases.</summary>
public sealed class MembershipTableTests : IDisposable
{
    private static int s_generation;

    private readonly TemporaryFolder _folder = new();
    private readonly MembershipFile _file;
    private readonly SqliteMembershipTable _table;

    public MembershipTableTests()
    {
        _file = new MembershipFile(_folder.Root);
        _table = Open(_file);
    }

    public void Dispose()
    {
        _table.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_new_table_is_empty_and_at_version_0()
    {
        await _table.InitializeMembershipTable(tryInitTableVersion: true);
        var data = await _table.ReadAll();

        Assert.Empty(data.Members);
        Assert.Equal(0, data.Version.Version);
        Assert.NotEmpty(data.Version.VersionEtag);
    }

    [Fact]
    public async Task An_inserted_row_is_read_back_with_every_value_and_raises_the_version()
    {
        var entry = Entry(SiloStatus.Joining);
        entry.SuspectTimes = [Tuple.Create(Address(), Now().AddSeconds(1)), Tuple.Create(Address(), Now().AddSeconds(2))];
        (entry.RoleName, entry.UpdateZone, entry.FaultZone, entry.IAmAliveTime) = ("sslo", 3, 4, Now().AddTicks(7));
        var next = (await _table.ReadAll()).Version.Next();
        Assert.True(await _table.InsertRow(entry, next));

        foreach (var data in new[] { await _table.ReadAll(), await _table.ReadRow(entry.SiloAddress) })
        {
            var (row, etag) = Assert.Single(data.Members);
            Assert.Equal(entry.ToFullString(), row.ToFullString());
            Assert.Equal((entry.IAmAliveTime, entry.StartTime, DateTimeKind.Utc), (row.IAmAliveTime, row.StartTime, row.IAmAliveTime.Kind));
            Assert.Equal(entry.SuspectTimes, row.SuspectTimes);
            Assert.NotEmpty(etag);
            Assert.Equal(1, data.Version.Version);
            Assert.NotEqual(next.VersionEtag, data.Version.VersionEtag);
        }
    }

    [Fact]
    public async Task A_row_is_inserted_once_and_only_at_the_current_version()
    {
        var entry = Entry();
        var old = (await _table.ReadAll()).Version.Next();
        Assert.True(await _table.InsertRow(entry, old));

        Assert.False(await _table.InsertRow(entry, old), "the same silo, at an old version");
        Assert.False(await _table.InsertRow(Entry(), old), "another silo, at an old version");
        Assert.False(await _table.InsertRow(entry, (await _table.ReadAll()).Version.Next()), "the same silo, at the current version");
        var after = await _table.ReadAll();
        Assert.Single(after.Members);
        Assert.Equal(1, after.Version.Version);
    }

    [Fact]
    public async Task A_row_that_is_not_there_reads_as_none_beside_the_version()
    {
        await Insert(Entry());
        var data = await _table.ReadRow(Address());
        Assert.Empty(data.Members);
        Assert.Equal(1, data.Version.Version);
    }

    [Fact]
    public async Task A_row_is_updated_only_with_its_own_and_the_versions_current_etags()
    {
        for (var i = 1; i < 10; i++)
        {
            var entry = Entry();
            entry.SuspectTimes = [Tuple.Create(Address(), Now().AddSeconds(1)), Tuple.Create(Address(), Now().AddSeconds(2))];
            var old = (await _table.ReadAll()).Version.Next();
            Assert.True(await _table.InsertRow(entry, old));
            var before = await Row(entry);
            Assert.False(await _table.UpdateRow(entry, before.ETag, old), "right row, old version");

            var current = before.Version.Next();
            Assert.False(await _table.UpdateRow(entry, "another", current), "wrong row, right version");
            Assert.False(await _table.UpdateRow(Entry(), before.ETag, current), "a row that is not there");
            entry.Status = SiloStatus.Active;
            Assert.True(await _table.UpdateRow(entry, before.ETag, current));
            Assert.False(await _table.UpdateRow(entry, before.ETag, current), "both as they were before");

            var after = await Row(entry);
            Assert.Equal(entry.ToFullString(), after.Entry.ToFullString());
            Assert.NotEqual(before.ETag, after.ETag);
            Assert.Equal(current.Version, after.Version.Version);
            Assert.False(await _table.UpdateRow(entry, after.ETag, current), "right row, old version, once more");
            Assert.Equal((after.ETag, after.Version), ((await Row(entry)).ETag, (await Row(entry)).Version));
            Assert.Equal(i, (await _table.ReadAll()).Members.Count);
        }
    }

    /// <summary>Through tables of their own, as processes have.</summary>
    [Fact]
    public async Task Of_twenty_who_insert_one_wins_and_nineteen_who_update_get_their_turn()
    {
        var tables = Enumerable.Range(0, 20).Select(_ => Open(new MembershipFile(_folder.Root))).ToList();
        var entry = Entry();
        var next = (await _table.ReadAll()).Version.Next();
        Assert.Single(await Task.WhenAll(tables.Select(t => t.InsertRow(entry, next))), won => won);

        await Task.WhenAll(tables.Skip(1).Select(async table =>
        {
            while (true)
            {
                var data = await table.ReadAll();
                var (row, etag) = data.TryGet(entry.SiloAddress)!;
                if (await table.UpdateRow(row, etag, data.Version.Next()))
                    return;
            }
        })).WaitAsync(TimeSpan.FromSeconds(60));
        var after = await _table.ReadAll();
        Assert.Equal(20, after.Version.Version);
        Assert.Single(after.Members);
    }

    [Fact]
    public async Task A_sign_of_life_changes_its_time_and_neither_the_version_nor_anything_else()
    {
        var entry = Entry();
        await Insert(entry);
        var before = await Row(entry);
        var time = DateTime.UtcNow.AddSeconds(5);
        await _table.UpdateIAmAlive(new MembershipEntry { SiloAddress = entry.SiloAddress, IAmAliveTime = time });

        var after = await Row(entry);
        Assert.Equal(time, after.Entry.IAmAliveTime);
        Assert.Equal((before.Version, before.ETag), (after.Version, after.ETag));
        entry.IAmAliveTime = time;
        Assert.Equal(entry.ToFullString(), after.Entry.ToFullString());

        // Whoever has no row has nothing to say.
        await _table.UpdateIAmAlive(new MembershipEntry { SiloAddress = Address(), IAmAliveTime = time });
        Assert.Single((await _table.ReadAll()).Members);
    }

    [Fact]
    public async Task Old_entries_go_unless_they_are_active_or_were_suspected_lately()
    {
        foreach (var status in Enum.GetValues<SiloStatus>())
            await Insert(Old(status));
        await Insert(Entry());
        var recently = Old(SiloStatus.Dead);
        recently.AddSuspector(Address(), Now());
        await Insert(recently);
        var before = await _table.ReadAll();

        await _table.CleanupDefunctSiloEntries(Now().AddDays(-7));
        var after = await _table.ReadAll();
        Assert.Equal(3, after.Members.Count);
        Assert.Equal([SiloStatus.Joining, SiloStatus.Active, SiloStatus.Dead], after.Members.Select(m => m.Item1.Status).Order());
        Assert.Equal(before.Version, after.Version);

        static MembershipEntry Old(SiloStatus status)
        {
            var old = Entry(status);
            (old.StartTime, old.IAmAliveTime) = (Now().AddDays(-10), Now().AddDays(-10));
            return old;
        }
    }

    [Fact]
    public async Task Only_active_silos_with_a_port_for_clients_are_gateways()
    {
        var (joining, closed, open, dead) = (Entry(SiloStatus.Joining), Entry(SiloStatus.Active), Entry(SiloStatus.Active), Entry(SiloStatus.Dead));
        closed.ProxyPort = 0;
        open.ProxyPort = 30123;
        var gateways = new SqliteGateways(new MembershipFile(_folder.Root));
        await gateways.InitializeGatewayListProvider();
        Assert.Empty(await gateways.GetGateways());
        foreach (var entry in new[] { joining, closed, open, dead })
            await Insert(entry);

        var gateway = Assert.Single(await gateways.GetGateways());
        Assert.Equal(SiloAddress.New(IPAddress.Loopback, 30123, open.SiloAddress.Generation).ToGatewayUri(), gateway);
    }

    [Fact]
    public async Task All_entries_of_the_cluster_are_deleted_and_none_for_another_name()
    {
        await Insert(Entry());
        await Insert(Entry());
        await _table.DeleteMembershipTableEntries("another");
        Assert.Equal(2, (await _table.ReadAll()).Members.Count);
        await _table.DeleteMembershipTableEntries(_file.Look()!.Cluster);
        Assert.Empty((await _table.ReadAll()).Members);
        await Insert(Entry());
    }

    internal static SqliteMembershipTable Open(MembershipFile file, SiloAddress? self = null) => new(file, self, null, NullLogger<SqliteMembershipTable>.Instance);

    internal static SiloAddress Address() => SiloAddress.New(IPAddress.Loopback, 12345, Interlocked.Increment(ref s_generation));

    internal static MembershipEntry Entry(SiloStatus status = SiloStatus.Joining) => new()
    {
        SiloAddress = Address(),
        HostName = "here",
        SiloName = "a silo",
        Status = status,
        ProxyPort = 12345,
        StartTime = Now(),
        IAmAliveTime = Now(),
    };

    private static DateTime Now() => DateTime.UtcNow;

    private async Task Insert(MembershipEntry entry) => Assert.True(await _table.InsertRow(entry, (await _table.ReadAll()).Version.Next()));

    private async Task<(MembershipEntry Entry, string ETag, TableVersion Version)> Row(MembershipEntry entry)
    {
        var data = await _table.ReadRow(entry.SiloAddress);
        var (row, etag) = Assert.Single(data.Members);
        return (row, etag, data.Version);
    }
}
