using System.Diagnostics;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Client.Chaos;

/// <summary>The processes of a disturbed training: the primary when it may die, other parameter silos, workers, the storage's server.</summary>
/// <param name="request">The run.</param>
/// <param name="targets">To whom something will be done.</param>
/// <param name="linked">Networks will be cut: every process has links of its own.</param>
/// <param name="storage">The server of the run's blobs; null when the run is in a folder.</param>
internal sealed class ChaosNodes(TrainingRequest request, IReadOnlyList<ChaosTarget> targets, bool linked, ChaosStorage? storage) : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>One that was declared dead needs no longer to notice it, to hand back what it can and to end.</summary>
    private static readonly TimeSpan s_surrender = TimeSpan.FromSeconds(10);

    private readonly List<ChaosNode> _all = [];
    private readonly HashSet<string> _indisposed = [];
    private readonly HashSet<string> _replaced = [];
    private readonly Lock _gate = new();
    private ChaosNode? _primary;
    private int _started;

    /// <summary>Port of the primary, for silos that join.</summary>
    private int _port;

    /// <summary>The primary lives in a process of its own, because it may die.</summary>
    public bool OwnPrimary => targets.Contains(ChaosTarget.Primary);

    /// <summary>Starts everything, the primary too where it may die; opens the run.</summary>
    public async Task<GrainTrainingSession> Start(bool resume, CancellationToken cancellation)
    {
        if (OwnPrimary)
        {
            _primary = new ChaosNode(WorkerProcess.StartPrimary($"chaos-primary-{++_started}", request.RunsFolder, request.Storage));
            await Until(() => SiloRecord.Find(request.RunsFolder)?.ProcessId == _primary.ProcessId, cancellation);
        }

        var session = await GrainTrainingSession.Open(request with { Workers = 0, Resume = resume }, cancellation, ownWorkers: 0, beforeStart: connection =>
        {
            _port = connection.Primary.SiloPort;
            if (targets.Contains(ChaosTarget.Parameters))
            {
                Join(ChaosTarget.Parameters);
                Join(ChaosTarget.Parameters);
            }

            // Slices are placed when the first worker brings them, and by then the other parameter silos should be here.
            for (var i = 0; i < Math.Max(1, request.Workers); i++)
                Join(ChaosTarget.Workers);
        });
        return session;
    }

    /// <summary>One more process.</summary>
    public string Join(ChaosTarget target)
    {
        lock (_gate)
        {
            foreach (var gone in _all.Where(n => !n.IsAlive))
                gone.Unlink();
            var isWorker = target == ChaosTarget.Workers;
            var node = ChaosNode.Start($"chaos-{(isWorker ? "" : "parameters-")}{++_started}", isWorker ? Roles.Worker : Roles.Parameters, _port, request, linked);
            _all.Add(node);
            return node.Name;
        }
    }

    /// <summary>Picks the one to which an event happens; null when there is none that lives and is well.</summary>
    public IChaosVictim? Pick(ChaosEvent e)
    {
        lock (_gate)
        {
            if (e.Target == ChaosTarget.Primary)
                return _primary;
            if (e.Target == ChaosTarget.Storage)
                return storage is { IsAlive: true } && _indisposed.Add(storage.Name) ? storage : null;
            var role = e.Target == ChaosTarget.Workers ? Roles.Worker : Roles.Parameters;
            var here = _all.Where(n => n.Role == role && n.IsAlive && !_indisposed.Contains(n.Name)).ToList();
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
        if (e.Target is ChaosTarget.Primary or ChaosTarget.Storage || over())
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

    /// <summary>Every process of the cluster is gone; those of the next life start from nothing.</summary>
    public void Clear()
    {
        foreach (var node in _all)
            node.Dispose();
        _all.Clear();
        _primary?.Dispose();
        _primary = null;
    }

    public ValueTask DisposeAsync()
    {
        Clear();
        if (OwnPrimary)
            SiloRecord.Remove(request.RunsFolder);
        return ValueTask.CompletedTask;
    }

    private static async Task Until(Func<bool> condition, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > s_patience)
                throw new UserErrorException($"The primary was not ready after {s_patience.TotalSeconds:0} s; its log is in the folder .workers of the runs folder.");
            await Task.Delay(50, cancellation);
        }
    }
}
