using Orleans.Concurrency;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Grains.Workers;

/// <summary>Who is here. Workers say so every second, so that a pool that was lost is whole again after one.</summary>
[OnParameterSilo]
[Reentrant]
public sealed class WorkerPoolGrain(ISiloStatusOracle silos) : Grain, IWorkerPoolGrain
{
    /// <summary>A worker that was silent for this long is gone; membership notices a dead silo much earlier.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, (WorkerInfo Worker, DateTimeOffset Seen)> _live = [];

    /// <summary>A worker that was suspected and says that it lives is taken back: late answers are harmless, they have the same bits.</summary>
    public Task Register(WorkerInfo worker)
    {
        _live[worker.Name] = (worker, DateTimeOffset.UtcNow);
        return Task.CompletedTask;
    }

    public Task Leave(string worker, string life)
    {
        if (_live.TryGetValue(worker, out var known) && known.Worker.Life == life)
            _live.Remove(worker);
        return Task.CompletedTask;
    }

    public Task Suspect(string worker, string life, string why) => Leave(worker, life);

    public Task<WorkerInfo[]> Live()
    {
        var active = silos.GetApproximateSiloStatuses(onlyActive: true).Keys
            .Select(s => silos.TryGetSiloName(s, out var silo) ? silo : null).ToHashSet();
        foreach (var (name, (worker, seen)) in _live.ToList())
        {
            if (!active.Contains(worker.Silo) || DateTimeOffset.UtcNow - seen > s_silence)
                _live.Remove(name);
        }

        return Task.FromResult(_live.Values.Select(v => v.Worker).OrderBy(w => w.Name, StringComparer.Ordinal).ToArray());
    }
}
