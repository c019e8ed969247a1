using System.Net;
using SslOrleans.Contracts;

namespace SslOrleans.Silo.Membership;

/// <summary>A silo of a folder's cluster that lives.</summary>
/// <param name="Name">Of the silo.</param>
/// <param name="ProcessId">Of its process; 0: unknown.</param>
/// <param name="Address">For other silos.</param>
/// <param name="IsGateway">Clients can go to it.</param>
/// <param name="Dashboard">Address of the page that it serves; null: none.</param>
public sealed record FolderSilo(string Name, int ProcessId, IPEndPoint Address, bool IsGateway, string? Dashboard);

/// <summary>The cluster of a folder as it looks from outside: who lives in it, and what must be settled before one joins.</summary>
public sealed class FolderCluster
{
    /// <summary>Orleans writes a sign of life every thirty seconds; who missed three is no obstacle.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(90);

    private readonly MembershipFile _file;
    private readonly string? _name;

    /// <param name="folder">Where runs are kept.</param>
    /// <param name="name">Of the cluster, where the user chose one.</param>
    /// <param name="patience">How long another program may hold the file.</param>
    public FolderCluster(string folder, string? name = null, TimeSpan? patience = null)
        => (_file, _name) = (new MembershipFile(folder, name, patience), name);

    internal MembershipFile File => _file;

    /// <summary>Name of the cluster; null when the folder has had none.</summary>
    public string? Name => _file.Look()?.Cluster;

    /// <summary>Silos that start, are active or end, and whose processes live.</summary>
    /// <exception cref="UserErrorException">The file cannot be read, or belongs to silos that cannot be reached from here.</exception>
    public IReadOnlyList<FolderSilo> Living()
    {
        var living = (_file.Look()?.Members ?? []).Where(Lives).ToList();
        RefuseStrangers(living);
        return [.. living.Select(m => new FolderSilo(m.Name, m.Process?.Id ?? 0, m.Address.Endpoint, m.IsGateway, m.Dashboard))];
    }

    /// <summary>
    /// Makes the file ready for one more silo: those whose processes are gone are dead from here on, so that nobody asks them and waits;
    /// with nobody left the table begins anew.
    /// </summary>
    /// <returns>Name of the cluster.</returns>
    /// <exception cref="UserErrorException">The file cannot be used, has another name, or belongs to silos that cannot be reached from here.</exception>
    public string Enter() => _file.Write(session =>
    {
        var before = session.Snapshot();
        if (_name is not null && _name != before.Cluster)
            throw new UserErrorException($"--cluster is \"{_name}\", but the cluster of {_file.Runs} is \"{before.Cluster}\", and two clusters cannot share a folder; leave --cluster out, or name another folder.");
        var living = before.Members.Where(Lives).ToList();
        RefuseStrangers(living);
        var gone = before.Members.Except(living).Where(m => living.Count == 0 || m.Status != SiloStatus.Dead).ToList();
        foreach (var member in gone)
        {
            if (living.Count == 0)
                session.Remove(member);
            else
                session.Put(member with { Status = SiloStatus.Dead, ETag = MembershipFile.NewTag() });
        }

        if (gone.Count > 0)
            session.Advance(before.Version + 1);
        return before.Cluster;
    });

    private static bool Lives(Member member) => member.Status != SiloStatus.Dead && member.Process?.Look() switch
    {
        ProcessState.Alive => true,
        ProcessState.Gone => false,
        _ => DateTime.UtcNow - member.Updated < s_silence,
    };

    private void RefuseStrangers(IEnumerable<Member> living)
    {
        if (living.FirstOrDefault(m => m.Process is { IsOnThisMachine: false } && IPAddress.IsLoopback(m.Address.Endpoint.Address)) is { } stranger)
        {
            throw new UserErrorException(
                $"{_file.Runs} belongs to a cluster on {stranger.Process!.Host} (silo {stranger.Name}, process {stranger.Process.Id}), which cannot be reached from here; work there, or use another folder. Silos on several machines find each other with --join HOST:PORT or --membership azure.");
        }
    }
}
