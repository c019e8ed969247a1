using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace SslOrleans.Silo.Membership;

/// <summary>A row of the membership file: Orleans' entry, its ETag, and the process that a silo wrote beside its own.</summary>
internal sealed record Member
{
    public required SiloAddress Address { get; init; }

    public required string ETag { get; init; }

    public string Name { get; init; } = "";

    public string Host { get; init; } = "";

    public string? Role { get; init; }

    public SiloStatus Status { get; init; }

    /// <summary>Port for clients; 0: none.</summary>
    public int Gateway { get; init; }

    public int UpdateZone { get; init; }

    public int FaultZone { get; init; }

    /// <summary>Who suspected it when, as JSON; null: nobody ever.</summary>
    public string? Suspicions { get; init; }

    public DateTime Started { get; init; }

    public DateTime Alive { get; init; }

    /// <summary>Null for a row that was not written by its own silo.</summary>
    public SiloProcess? Process { get; init; }

    /// <summary>Address of the page that it serves; null: none.</summary>
    public string? Dashboard { get; init; }

    /// <summary>When anything about it was last heard, a suspicion included.</summary>
    public DateTime Updated => Votes().Select(v => v.At).Append(Started).Append(Alive).Max();

    /// <summary>A client may go to it.</summary>
    public bool IsGateway => Status == SiloStatus.Active && Gateway > 0 && Process?.Look() != ProcessState.Gone;

    public static Member Of(MembershipEntry entry, string etag) => new()
    {
        Address = entry.SiloAddress,
        ETag = etag,
        Name = entry.SiloName ?? "",
        Host = entry.HostName ?? "",
        Role = entry.RoleName,
        Status = entry.Status,
        Gateway = entry.ProxyPort,
        UpdateZone = entry.UpdateZone,
        FaultZone = entry.FaultZone,
        Suspicions = entry.SuspectTimes is { } votes ? JsonSerializer.Serialize(votes.Select(v => new Vote(v.Item1.ToParsableString(), v.Item2.Ticks))) : null,
        Started = entry.StartTime,
        Alive = entry.IAmAliveTime,
    };

    public MembershipEntry ToEntry() => new()
    {
        SiloAddress = Address,
        SiloName = Name,
        HostName = Host,
        RoleName = Role,
        Status = Status,
        ProxyPort = Gateway,
        UpdateZone = UpdateZone,
        FaultZone = FaultZone,
        SuspectTimes = Suspicions is null ? null : [.. Votes().Select(v => Tuple.Create(SiloAddress.FromParsableString(v.By), v.At))],
        StartTime = Started,
        IAmAliveTime = Alive,
    };

    public static Member Read(SqliteDataReader row) => new()
    {
        Address = SiloAddress.FromParsableString(row.GetString(0)),
        ETag = row.GetString(1),
        Name = row.GetString(2),
        Host = row.GetString(3),
        Role = row.IsDBNull(4) ? null : row.GetString(4),
        Status = (SiloStatus)row.GetInt32(5),
        Gateway = row.GetInt32(6),
        UpdateZone = row.GetInt32(7),
        FaultZone = row.GetInt32(8),
        Suspicions = row.IsDBNull(9) ? null : row.GetString(9),
        Started = new DateTime(row.GetInt64(10), DateTimeKind.Utc),
        Alive = new DateTime(row.GetInt64(11), DateTimeKind.Utc),
        Process = row.IsDBNull(12) ? null : JsonSerializer.Deserialize<SiloProcess>(row.GetString(12)),
        Dashboard = row.IsDBNull(13) ? null : row.GetString(13),
    };

    /// <summary>Columns in the order of <see cref="Read"/>.</summary>
    public const string Columns = "address, etag, name, host, role, status, gateway, updateZone, faultZone, suspicions, started, alive, process, dashboard";

    public const string Parameters = "@address, @etag, @name, @host, @role, @status, @gateway, @updateZone, @faultZone, @suspicions, @started, @alive, @process, @dashboard";

    public (string Name, object? Value)[] Values() =>
    [
        ("@address", Address.ToParsableString()),
        ("@etag", ETag),
        ("@name", Name),
        ("@host", Host),
        ("@role", Role),
        ("@status", (int)Status),
        ("@gateway", Gateway),
        ("@updateZone", UpdateZone),
        ("@faultZone", FaultZone),
        ("@suspicions", Suspicions),
        ("@started", Started.Ticks),
        ("@alive", Alive.Ticks),
        ("@process", Process is null ? null : JsonSerializer.Serialize(Process)),
        ("@dashboard", Dashboard),
    ];

    private IEnumerable<Vote> Votes() => Suspicions is null ? [] : JsonSerializer.Deserialize<Vote[]>(Suspicions)!;

    private sealed record Vote(string By, long Ticks)
    {
        [System.Text.Json.Serialization.JsonIgnore]
        public DateTime At => new(Ticks, DateTimeKind.Utc);
    }
}
