using SslOrleans.Contracts.Grains;
using Orleans.Placement;
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

    /// <summary>
    /// Holds warm copies, and what a silo with <see cref="Parameters"/> holds once none of those lives: on one machine every process that
    /// computes is one, so that the first may die like any other and a worker's death moves no slice.
    /// </summary>
    public const string Standby = "standby";

    /// <summary>Computes.</summary>
    public const string Worker = "worker";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Parameters, Standby, Worker];

    /// <summary>True when the silo has the role, as far as is known here.</summary>
    internal static bool Has(ISiloMetadataCache metadata, SiloAddress silo, string role)
        => metadata.GetSiloMetadata(silo).Metadata.TryGetValue(Key, out var roles) && roles.Split(',').Contains(role);
}

/// <summary>The grain lives on a silo with the role <see cref="Roles.Parameters"/>, or on one with <see cref="Roles.Standby"/> when none of those is left.</summary>
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

/// <summary>Keeps silos with the role <see cref="Roles.Parameters"/>, without any those with <see cref="Roles.Standby"/>.</summary>
public sealed class OnParameterSiloDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos)
    {
        var all = silos.ToList();
        var first = all.Where(s => Roles.Has(metadata, s, Roles.Parameters)).ToList();
        return first.Count > 0 ? first : all.Where(s => Roles.Has(metadata, s, Roles.Standby));
    }
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
        var (name, _) = KeyParts.Of(target.GrainIdentity.Key.ToString() ?? "");
        return silos.Where(s => silosHere.TryGetSiloName(s, out var silo) && silo == name);
    }
}
