using Microsoft.Extensions.Logging;

namespace SslOrleans.Silo.Membership;

/// <summary>
/// Orleans' membership table over a <see cref="MembershipFile"/>. A file that was deleted or replaced under a running cluster is written
/// again from what this silo knew last: processes that live are not strangers to each other because a file is gone.
/// </summary>
/// <param name="file">Where it is.</param>
/// <param name="self">Address of this silo; its row says which process it is.</param>
/// <param name="dashboard">Address of the page that this silo serves; null: none.</param>
/// <param name="log">Is told of what is not as it should be.</param>
internal sealed class SqliteMembershipTable(MembershipFile file, SiloAddress? self, string? dashboard, ILogger<SqliteMembershipTable> log) : IMembershipTable, IDisposable
{
    private readonly SiloProcess _process = SiloProcess.Begin();
    private readonly Lock _gate = new();
    private MembershipSnapshot? _known;

    /// <summary>The last state that this silo saw; null before the first.</summary>
    public MembershipSnapshot? Known => Volatile.Read(ref _known);

    public Task InitializeMembershipTable(bool tryInitTableVersion) => ReadAll();

    public Task DeleteMembershipTableEntries(string clusterId) => Change((session, before) =>
    {
        if (before.Cluster != clusterId)
            return false;
        foreach (var member in before.Members)
            session.Remove(member);
        session.Advance(before.Version + 1);
        return true;
    });

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => Change((session, before) =>
    {
        foreach (var member in before.Members.Where(m => m.Status != SiloStatus.Active && m.Updated < beforeDate.UtcDateTime))
            session.Remove(member);
        return true;
    });

    public Task<MembershipTableData> ReadRow(SiloAddress key)
        => Read(s => s.Find(key) is { } member ? new MembershipTableData(Row(member), VersionOf(s)) : new MembershipTableData(VersionOf(s)));

    public Task<MembershipTableData> ReadAll() => Read(s => new MembershipTableData([.. s.Members.Select(Row)], VersionOf(s)));

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => Change((session, before) =>
    {
        if (before.ETag != tableVersion.VersionEtag || before.Find(entry.SiloAddress) is not null)
            return false;
        session.Put(Signed(Member.Of(entry, MembershipFile.NewTag())));
        session.Advance(tableVersion.Version);
        return true;
    });

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => Change((session, before) =>
    {
        if (before.ETag != tableVersion.VersionEtag || before.Find(entry.SiloAddress) is not { } there || there.ETag != etag)
            return false;
        session.Put(Signed(Member.Of(entry, MembershipFile.NewTag()) with { Process = there.Process, Dashboard = there.Dashboard }));
        session.Advance(tableVersion.Version);
        return true;
    });

    public Task UpdateIAmAlive(MembershipEntry entry) => Change((session, before) =>
    {
        if (before.Find(entry.SiloAddress) is not { } there)
            return false;
        session.Put(there with { Alive = entry.IAmAliveTime });
        return true;
    });

    public void Dispose() => _process.End();

    private static Tuple<MembershipEntry, string> Row(Member member) => Tuple.Create(member.ToEntry(), member.ETag);

    private static TableVersion VersionOf(MembershipSnapshot snapshot) => new(snapshot.Version, snapshot.ETag);

    private Member Signed(Member member) => member.Address.Equals(self) ? member with { Process = _process, Dashboard = dashboard } : member;

    private Task<MembershipTableData> Read(Func<MembershipSnapshot, MembershipTableData> select) => Task.Run(() =>
    {
        var snapshot = file.Look();
        return select(Remember(snapshot is null || IsAnother(snapshot) ? file.Write(Current) : snapshot));
    });

    /// <param name="change">Gets what is there and changes it; says whether it did.</param>
    private Task<bool> Change(Func<MembershipSession, MembershipSnapshot, bool> change) => Task.Run(() =>
    {
        var (changed, after) = file.Write(session => (change(session, Current(session)), session.Snapshot()));
        Remember(after);
        return changed;
    });

    /// <summary>What is there, restored when it is another file than the one that this silo knows.</summary>
    private MembershipSnapshot Current(MembershipSession session)
    {
        var now = session.Snapshot();
        return IsAnother(now) ? Restore(session, now) : now;
    }

    private bool IsAnother(MembershipSnapshot now) => Known is { } known && known.Incarnation != now.Incarnation;

    /// <summary>What this silo knows of the living goes into a file that does not know them.</summary>
    private MembershipSnapshot Restore(MembershipSession session, MembershipSnapshot now)
    {
        var known = Known!;
        var missing = known.Members.Where(m => m.Status != SiloStatus.Dead && m.Process?.Look() != ProcessState.Gone && now.Find(m.Address) is null).ToList();
        foreach (var member in missing)
            session.Put(member with { ETag = MembershipFile.NewTag() });

        // Silos that know the old table take only a newer one for true.
        if (missing.Count > 0 || now.Version < known.Version)
            session.Advance(Math.Max(known.Version, now.Version) + 1);
        log.LogWarning("{Path} was deleted or replaced while its cluster runs; {Silos} of it are written into it again", file.Path, missing.Count);
        return session.Snapshot();
    }

    private MembershipSnapshot Remember(MembershipSnapshot snapshot)
    {
        lock (_gate)
        {
            // Reads may overtake each other.
            if (_known is null || _known.Incarnation != snapshot.Incarnation || _known.Version <= snapshot.Version)
                _known = snapshot;
        }

        return snapshot;
    }
}
