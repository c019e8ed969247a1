using Orleans;
using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace SslOrleans.Conformance;

/// <summary>Leaves the silos whose metadata has a role.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RoleFilterAttribute(string role) : PlacementFilterAttribute(new RoleFilterStrategy(role, 0));

public sealed class RoleFilterStrategy(string role, int order) : PlacementFilterStrategy(order)
{
    public RoleFilterStrategy()
        : this("", 0)
    {
    }

    public string Role { get; private set; } = role;

    public override void AdditionalInitialize(GrainProperties properties) => Role = GetPlacementFilterGrainProperty("role", properties)!;

    protected override IEnumerable<KeyValuePair<string, string>> GetAdditionalGrainProperties(
        IServiceProvider services, Type grainClass, GrainType grainType, IReadOnlyDictionary<string, string> existingProperties) =>
        [new("role", Role)];
}

public sealed class RoleFilterDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos) =>
        silos.Where(silo => metadata.GetSiloMetadata(silo).Metadata.GetValueOrDefault("role") == ((RoleFilterStrategy)filterStrategy).Role);
}

[RoleFilter("parameters")]
public sealed class RoleGrain(ILocalSiloDetails silo, ISiloMetadataCache metadata) : Grain, IRoleGrain
{
    public Task<string> Role() => Task.FromResult(metadata.GetSiloMetadata(silo.SiloAddress).Metadata["role"]);
}

[PreferLocalPlacement]
public sealed class BoundGrain(ILocalSiloDetails silo) : Grain, IBoundGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var home = this.GetPrimaryKeyString().Split('/')[0];
        return home == silo.Name
            ? Task.CompletedTask
            : throw new InvalidOperationException($"{home} is not here; this is {silo.Name}.");
    }

    public Task<string> Silo() => Task.FromResult(silo.Name);
}

[PreferLocalPlacement]
public sealed class LocalGrain(ILocalSiloDetails silo) : Grain, ILocalGrain
{
    public Task<string> Silo() => Task.FromResult(silo.Name);
}

[HashBasedPlacement]
public sealed class HashedGrain(ILocalSiloDetails silo) : Grain, IHashedGrain
{
    public Task<string> Silo() => Task.FromResult(silo.Name);
}
