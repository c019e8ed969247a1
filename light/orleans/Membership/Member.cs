namespace Orleans.Runtime;

/// <summary>One silo as the others know it.</summary>
[GenerateSerializer, Immutable]
internal sealed record Member
{
    [Id(0)]
    public required SiloAddress Address { get; init; }

    [Id(1)]
    public required string Name { get; init; }

    [Id(2)]
    public SiloStatus Status { get; init; }

    [Id(3)]
    public int GatewayPort { get; init; }

    [Id(4)]
    public Dictionary<string, string> Metadata { get; init; } = [];

    /// <summary>The grain types that this silo can activate.</summary>
    [Id(5)]
    public HashSet<string> GrainTypes { get; init; } = [];

    /// <summary>Grain type by full name of the grain interface.</summary>
    [Id(6)]
    public Dictionary<string, string> Interfaces { get; init; } = [];

    [Id(7)]
    public DateTime StartTime { get; init; }
}

/// <summary>All silos at one moment; a larger version is later.</summary>
[GenerateSerializer, Immutable]
internal sealed record MembershipView
{
    public static MembershipView Empty { get; } = new();

    [Id(0)]
    public long Version { get; init; }

    [Id(1)]
    public List<Member> Members { get; init; } = [];

    public Member? Find(SiloAddress silo) => Members.Find(member => member.Address.Equals(silo));

    public bool IsActive(SiloAddress silo) => Find(silo)?.Status == SiloStatus.Active;
}

/// <summary>The primary's services to all silos: membership and the grain directory.</summary>
internal interface IPrimary : IAddressable
{
    /// <summary>Enters a silo with the grains that it has. The answer names those that another silo has too; the joiner ends them.</summary>
    Task<JoinAnswer> Join(Member member, List<GrainId> grains);

    Task SetStatus(SiloAddress silo, SiloStatus status);

    /// <summary>Where a grain is; if it is nowhere, it is now on the candidate. Null if the candidate is no longer active.</summary>
    Task<SiloAddress?> Locate(GrainId grain, SiloAddress candidate);

    /// <summary>A client is connected to this silo now, wherever it was before.</summary>
    Task Place(GrainId client, SiloAddress silo);

    /// <summary>The grain is no longer on this silo.</summary>
    Task Release(GrainId grain, SiloAddress silo);

    /// <summary>Where a grain is, or null.</summary>
    Task<SiloAddress?> Lookup(GrainId grain);

    /// <summary>The caller cannot reach a silo. The answer comes once it is known to be dead or alive.</summary>
    Task Suspect(SiloAddress silo);
}

[GenerateSerializer]
internal sealed record JoinAnswer
{
    [Id(0)]
    public required MembershipView View { get; init; }

    [Id(1)]
    public List<GrainId> Duplicates { get; init; } = [];

    /// <summary>Set if the silo was declared dead and must not come back under this address.</summary>
    [Id(2)]
    public string? Refusal { get; init; }
}

/// <summary>Every silo's services to the others.</summary>
internal interface ISiloControl : IAddressable
{
    [Concurrency.OneWay]
    Task MembershipChanged(MembershipView view);

    Task<List<DetailedGrainStatistic>> GetActivations();

    Task CollectIdle(TimeSpan age);
}
