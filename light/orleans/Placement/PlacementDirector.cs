using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Placement;

namespace Orleans.Runtime.Placement;

/// <summary>Chooses the silo on which a grain is to be activated, from those that are active, know its class and pass its filters.</summary>
internal sealed class PlacementDirector(SiloNode silo)
{
    private readonly ConcurrentDictionary<GrainClass, (PlacementFilterStrategy Strategy, IPlacementFilterDirector Director)[]> _filters = new();

    public SiloAddress Choose(Request request, GrainClass? grainClass)
    {
        var type = request.Target.Type.ToString();
        var active = silo.Membership.View.Members.FindAll(member => member.Status == SiloStatus.Active && member.GrainTypes.Contains(type));
        if (active.Count == 0)
            throw new OrleansException($"No active silo can activate {request.Target}: none has a grain class of type '{type}'.");
        SiloAddress[] candidates = [.. active.Select(member => member.Address)];
        if (grainClass is null)
            return Random(candidates);
        var target = new PlacementTarget(request.Target, request.Context ?? [], default, 0);
        foreach (var (strategy, director) in _filters.GetOrAdd(grainClass, FiltersOf))
            candidates = [.. director.Filter(strategy, target, candidates)];
        if (candidates.Length == 0)
            throw new OrleansException($"No active silo may activate {request.Target}: its placement filters leave none of {active.Count}.");
        return grainClass.Placement switch
        {
            PreferLocalPlacementAttribute when candidates.Contains(silo.Address) => silo.Address,
            HashBasedPlacementAttribute => ByHash(request.Target, candidates),
            _ => Random(candidates),
        };
    }

    private static SiloAddress Random(SiloAddress[] candidates) => candidates[System.Random.Shared.Next(candidates.Length)];

    private static SiloAddress ByHash(GrainId grain, SiloAddress[] candidates)
    {
        // Not string.GetHashCode, which differs from process to process.
        var hash = 2166136261u;
        foreach (var letter in grain.ToString())
            hash = (hash ^ letter) * 16777619;
        Array.Sort(candidates);
        return candidates[hash % (uint)candidates.Length];
    }

    private (PlacementFilterStrategy Strategy, IPlacementFilterDirector Director)[] FiltersOf(GrainClass grainClass) =>
    [
        .. grainClass.Filters.OrderBy(attribute => attribute.PlacementFilterStrategy.Order).Select(attribute =>
        {
            var own = attribute.PlacementFilterStrategy;
            var strategy = silo.ServiceProvider.GetKeyedService<PlacementFilterStrategy>(own.GetType().Name)
                ?? throw new OrleansConfigurationException(
                    $"{grainClass.Name} uses the placement filter {own.GetType().Name}, which is not registered: add it with AddPlacementFilter.");
            // What travels between silos in Orleans is the properties, so a strategy is always built from them.
            strategy.Initialize(own.Describe(silo.ServiceProvider, grainClass.Type, grainClass.GrainType));
            return (strategy, silo.ServiceProvider.GetRequiredKeyedService<IPlacementFilterDirector>(own.GetType()));
        }),
    ];
}
