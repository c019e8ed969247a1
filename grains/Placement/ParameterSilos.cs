using System.IO.Hashing;
using System.Text;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace SslOrleans.Grains.Placement;

/// <summary>
/// The silos with the role <see cref="Roles.Parameters"/>, then those with <see cref="Roles.Standby"/>, both best first for a key (rendezvous
/// hashing). Everybody who knows the same silos sees the same order, and a silo that comes or goes moves only its own share: the second one
/// keeps a key's warm copy, so it is the first one when the first has died, and takes over without the network.
/// </summary>
public sealed class ParameterSilos(ISiloStatusOracle silos, ISiloMetadataCache metadata)
{
    /// <summary>Names of the active silos with one of the roles, best first.</summary>
    public IReadOnlyList<string> Ranked(string key)
        => [.. Rank(key, silos.GetApproximateSiloStatuses(onlyActive: true).Keys).Select(s => s.Name)];

    /// <summary>Where a warm copy belongs: it stays where it is while that silo lives; empty when there is no other silo.</summary>
    /// <param name="key">The grain's key.</param>
    /// <param name="self">Silo of the grain itself.</param>
    /// <param name="now">Silo that has the copy; empty without one.</param>
    /// <param name="other">Silo of what the copy stands for too, the teacher of a slice; empty where there is none.</param>
    public string ForCopy(string key, string self, string now, string other = "")
    {
        var ranked = Ranked(key);
        return ranked.Contains(now) && now != other ? now
            : ranked.FirstOrDefault(s => s != self && s != other) ?? ranked.FirstOrDefault(s => s != self) ?? "";
    }

    /// <summary>Those of the silos that have one of the roles, best first.</summary>
    internal IEnumerable<(SiloAddress Silo, string Name)> Rank(string key, IEnumerable<SiloAddress> among)
        => among.Select(s => (Silo: s, Name: silos.TryGetSiloName(s, out var name) ? name! : "", IsFirst: Roles.Has(metadata, s, Roles.Parameters)))
            .Where(s => s.Name.Length > 0 && (s.IsFirst || Roles.Has(metadata, s.Silo, Roles.Standby)))
            .OrderByDescending(s => s.IsFirst)
            .ThenByDescending(s => Weight(key, s.Name))
            .ThenBy(s => s.Name, StringComparer.Ordinal)
            .Select(s => (s.Silo, s.Name));

    internal static ulong Weight(string key, string silo) => XxHash64.HashToUInt64(Encoding.UTF8.GetBytes($"{key}\n{silo}"));
}

/// <summary>The grain lives on the best parameter silo for its key, so that grains of one key are together and their copies are elsewhere.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OnBestParameterSiloAttribute() : PlacementFilterAttribute(new OnBestParameterSilo());

/// <summary>Strategy of <see cref="OnBestParameterSiloAttribute"/>.</summary>
public sealed class OnBestParameterSilo : PlacementFilterStrategy
{
    public OnBestParameterSilo()
        : base(order: 0)
    {
    }
}

/// <summary>Keeps the best silo for the key.</summary>
public sealed class OnBestParameterSiloDirector(ParameterSilos parameterSilos) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos)
    {
        var ranked = parameterSilos.Rank(target.GrainIdentity.Key.ToString() ?? "", silos).ToList();
        var beside = ranked.Where(s => s.Name == Beside.Silo(target)).ToList();
        return (beside.Count > 0 ? beside : ranked).Take(1).Select(s => s.Silo);
    }
}

/// <summary>
/// Places a grain beside the one that calls it. The best silo for a key changes with every silo that comes; two grains of one key that
/// are placed a moment apart would be on two silos, and the warm copy of both on one of them.
/// </summary>
internal static class Beside
{
    private const string Key = "sslorleans.beside";

    /// <param name="silo">Where the caller lives.</param>
    /// <param name="call">To a grain that may be placed by it.</param>
    public static async Task<T> Me<T>(string silo, Func<Task<T>> call)
    {
        // Of this asynchronous method only: what the caller asks later knows nothing of it.
        RequestContext.Set(Key, silo);
        return await call();
    }

    public static string? Silo(PlacementTarget target)
        => target.RequestContextData is { } context && context.TryGetValue(Key, out var silo) ? silo as string : null;
}
