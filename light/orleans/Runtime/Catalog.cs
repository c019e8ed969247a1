using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Orleans.Runtime;

/// <summary>The activations of one silo.</summary>
internal sealed class Catalog(SiloNode silo)
{
    private readonly ConcurrentDictionary<GrainId, Activation> _activations = new();
    private readonly ConcurrentDictionary<GrainId, Activation[]> _workers = new();
    private readonly Lock _workersGate = new();

    public IEnumerable<Activation> All => _activations.Values.Concat(_workers.Values.SelectMany(pool => pool));

    public bool Has(GrainId grain) => _activations.ContainsKey(grain);

    /// <summary>Gives a request to the grain's activation, if it is here.</summary>
    public bool TryDeliver(Request request)
    {
        if (!_activations.TryGetValue(request.Target, out var activation))
            return false;
        activation.Post(request);
        return true;
    }

    /// <summary>Gives a request to the grain's activation, which is made if it is not here. The activation itself asks the directory.</summary>
    public void Deliver(Request request, GrainClass grainClass)
    {
        while (true)
        {
            if (TryDeliver(request))
                return;
            var activation = new Activation(silo, grainClass, request.Target);
            if (!_activations.TryAdd(request.Target, activation))
                continue;
            activation.Post(request);
            activation.Activate();
            return;
        }
    }

    /// <summary>Gives a request to the least busy of a stateless worker's activations.</summary>
    public void DeliverToWorker(Request request, GrainClass grainClass)
    {
        Activation? fresh = null;
        Activation chosen;
        lock (_workersGate)
        {
            var pool = _workers.GetValueOrDefault(request.Target, []);
            var best = pool.Where(each => each.State is ActivationState.Valid or ActivationState.Activating).MinBy(each => each.Load);
            if (best is null || (best.Load > 0 && pool.Length < grainClass.MaxLocalWorkers))
            {
                best = fresh = new Activation(silo, grainClass, request.Target);
                _workers[request.Target] = [.. pool, fresh];
            }
            chosen = best;
        }
        chosen.Post(request);
        fresh?.Activate();
    }

    public void Remove(Activation activation)
    {
        if (_activations.TryRemove(KeyValuePair.Create(activation.GrainId, activation)) || !activation.Class.IsStatelessWorker)
            return;
        lock (_workersGate)
        {
            var rest = _workers.GetValueOrDefault(activation.GrainId, []).Where(each => each != activation).ToArray();
            if (rest.Length == 0)
                _workers.TryRemove(activation.GrainId, out _);
            else
                _workers[activation.GrainId] = rest;
        }
    }

    /// <summary>Ends activations that nobody has used for their class's age.</summary>
    public void CollectIdle(GrainCollectionOptions options, TimeSpan? forcedAge = null)
    {
        foreach (var activation in All)
        {
            var age = forcedAge ?? activation.Class.OwnAgeLimit
                ?? options.ClassSpecificCollectionAge.GetValueOrDefault(activation.Class.Name, options.CollectionAge);
            if (!activation.IsIdle(age))
                continue;
            silo.Log.LogDebug("Collecting idle {Grain}", activation.GrainId);
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, $"Idle for {age}."));
        }
    }

    /// <summary>Ends all activations and waits for them.</summary>
    public Task DeactivateAllAsync(DeactivationReason reason)
    {
        var all = All.ToArray();
        foreach (var activation in all)
            activation.Deactivate(reason);
        return Task.WhenAll(all.Select(activation => activation.Deactivated));
    }
}
