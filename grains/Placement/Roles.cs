using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace SslOrleans.Grains.Placement;

/// <summary>What a silo is for; carried as silo metadata under <see cref="Key"/>.</summary>
public static class Roles
{
    /// <summary>Metadata key; the value lists roles, separated by commas.</summary>
    public const string Key = "roles";

    /// <summary>Holds run grains, parameter slices, teachers and method state.</summary>
    public const string Parameters = "parameters";

    /// <summary>Computes.</summary>
    public const string Worker = "worker";

    /// <summary>True when the silo has the role, as far as is known here.</summary>
    internal static bool Has(ISiloMetadataCache metadata, SiloAddress silo, string role)
        => metadata.GetSiloMetadata(silo).Metadata.TryGetValue(Key, out var roles) && roles.Split(',').Contains(role);
}

/// <summary>The grain lives on a silo with the role <see cref="Roles.Parameters"/>, so that killing a worker never takes it along.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OnParameterSiloAttribute() : PlacementFilterAttribute(new OnParameterSilo());

/// <summary>Strategy of <see cref="OnParameterSiloAttribute"/>.</summary>
public sealed class OnParameterSilo : PlacementFilterStrategy
{
    public OnParameterSilo()
        : base(order: 0)
    {
    }
}

/// <summary>Keeps silos with the role <see cref="Roles.Parameters"/>.</summary>
public sealed class OnParameterSiloDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos)
        => silos.Where(s => Roles.Has(metadata, s, Roles.Parameters));
}

/// <summary>The grain lives on the silo that the first part of its key names, and nowhere else.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OnNamedSiloAttribute() : PlacementFilterAttribute(new OnNamedSilo());

/// <summary>Strategy of <see cref="OnNamedSiloAttribute"/>.</summary>
public sealed class OnNamedSilo : PlacementFilterStrategy
{
    public OnNamedSilo()
        : base(order: 0)
    {
    }
}

/// <summary>Keeps the silo whose name stands before the slash in the grain's key.</summary>
public sealed class OnNamedSiloDirector(ISiloStatusOracle silosHere) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos)
    {
        var key = target.GrainIdentity.Key.ToString() ?? "";
        var name = key[..Math.Max(0, key.LastIndexOf('/'))];
        return silos.Where(s => silosHere.TryGetSiloName(s, out var silo) && silo == name);
    }
}
