using System.Diagnostics;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Silo;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Client.Chaos;

/// <summary>The processes of a disturbed training: the first silo where it may die, other parameter silos, workers, the storage's server.</summary>
/// <param name="request">The run.</param>
/// <param name="targets">To whom something will be done.</param>
/// <param name="network">Hosts that the processes are spread over; null: all are on this machine's own network.</param>
/// <param name="storage">The server of the run's blobs; null when the run is in a folder.</param>
internal sealed class ChaosNodes(TrainingRequest request, IReadOnlyList<ChaosTarget> targets, HostNetwork? network, ChaosStorage? storage) : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>One that was declared dead needs no longer to notice it, to hand back what it can and to end.</summary>
    private static readonly TimeSpan s_surrender = TimeSpan.FromSeconds(10);

    private readonly List<ChaosNode> _all = [];
    private readonly HashSet<string> _indisposed = [];
    private readonly HashSet<string> _replaced = [];
    private readonly Lock _gate = new();
    private int _started;

    /// <summary>Starts everything and opens the run. The silo in which it begins is a process of its own where it may die, else this one.</summary>
    public async Task<GrainTrainingSession> Start(CancellationToken cancellation)
    {
        if (targets.Contains(ChaosTarget.First))
        {
            var first = Join(ChaosTarget.First);
            await Until(() => new FolderCluster(request.RunsFolder).Living().Any(s => s.Name == first && s.IsGateway), cancellation);
        }

        return await GrainTrainingSession.Open(request with { Workers = 0 }, cancellation, ownWorkers: 0, place: OnFirstHost, beforeStart: _ =>
        {
            if (targets.Contains(ChaosTarget.Parameters))
            {
                Join(ChaosTarget.Parameters);
                Join(ChaosTarget.Parameters);
            }

            // Slices are placed when the first worker brings them, and by then the other parameter silos should be here.
            for (var i = 0; i < Math.Max(1, request.Workers.Number); i++)
                Join(ChaosTarget.Workers);
        });
    }

    /// <summary>On hosts, silos find each other by the address of the first, as machines of a LAN do.</summary>
    private SiloSettings OnFirstHost(SiloSettings settings) => network is null
        ? settings
        : settings with
        {
            SiloPort = HostNetwork.First.Port,
            Cluster = new ClusterSettings { Membership = MembershipKind.Primary, Advertised = HostNetwork.First.Address },
        };

    /// <summary>One more process.</summary>
    public string Join(ChaosTarget target)
    {
        lock (_gate)
        {
            var kind = target == ChaosTarget.Workers ? "" : $"{target.ToString().ToLowerInvariant()}-";
            var name = $"chaos-{kind}{++_started}";
            var node = ChaosNode.Start(name, target, request, network, network is null ? 0 : 1 + (_started % (network.Hosts - 1)));
            _all.Add(node);
            return node.Name;
        }
    }

    /// <summary>Picks the one to which an event happens; null when there is none that lives and is well.</summary>
    public IChaosVictim? Pick(ChaosEvent e)
    {
        lock (_gate)
        {
            if (e.Target == ChaosTarget.Storage)
                return storage is { IsAlive: true } && _indisposed.Add(storage.Name) ? storage : null;
            var here = _all.Where(n => n.Target == e.Target && n.IsAlive && !_indisposed.Contains(n.Name)).ToList();
            var picked = here.Count == 0 ? null : here[(int)(e.Pick % (uint)here.Count)];
            if (picked is not null)
                _indisposed.Add(picked.Name);
            return picked;
        }
    }

    /// <summary>Does it; another one takes the place of one that goes.</summary>
    /// <param name="e">What happens.</param>
    /// <param name="victim">To whom; picked.</param>
    /// <param name="over">The run has ended meanwhile.</param>
    public async Task Do(ChaosEvent e, IChaosVictim victim, Func<bool> over)
    {
        await victim.Suffer(e, over);
        var stays = e.Target == ChaosTarget.Storage || e.Action is ChaosAction.Slow or ChaosAction.Partition || (e.Action == ChaosAction.Hang && e.Revive);
        if (stays)
            IsWell(victim);
        if (e.Target == ChaosTarget.Storage || over())
            return;

        // One that was declared dead while it hung, or while nobody heard of it, ends by itself when it learns of it.
        var waits = e.Action == ChaosAction.Partition ? s_surrender : e.Target == ChaosTarget.Parameters ? ChaosPause.Hang : TimeSpan.Zero;
        if (!stays || (await ChaosPause.Wait(waits, () => !victim.IsAlive || over()) && !over()))
            Replace(victim, e.Target);
    }

    private void IsWell(IChaosVictim victim)
    {
        lock (_gate)
            _indisposed.Remove(victim.Name);
    }

    /// <summary>Two events may both see one process go.</summary>
    private void Replace(IChaosVictim victim, ChaosTarget target)
    {
        bool first;
        lock (_gate)
            first = _replaced.Add(victim.Name);
        if (first)
            Join(target);
    }

    /// <summary>The run is over: every process is let go before the grains that it would say goodbye to.</summary>
    public Task Leave() => Task.WhenAll(_all.Select(n => n.Leave()));

    public ValueTask DisposeAsync()
    {
        foreach (var node in _all)
            node.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task Until(Func<bool> condition, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > s_patience)
                throw new UserErrorException($"The first silo was not ready after {s_patience.TotalSeconds:0} s; its log is in the folder .workers of the runs folder.");
            await Task.Delay(50, cancellation);
        }
    }
}
