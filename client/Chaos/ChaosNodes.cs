using System.Diagnostics;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Client.Chaos;

/// <summary>The processes of a disturbed training: the primary when it may die, other parameter silos, workers.</summary>
internal sealed class ChaosNodes(TrainingRequest request, IReadOnlyList<ChaosTarget> targets) : IAsyncDisposable
{
    private static readonly TimeSpan s_hang = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_slow = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly List<WorkerProcess> _all = [];
    private readonly HashSet<string> _indisposed = [];
    private WorkerProcess? _primary;
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
            _primary = WorkerProcess.StartPrimary($"chaos-primary-{++_started}", request.RunsFolder);
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
        var isWorker = target == ChaosTarget.Workers;
        var node = WorkerProcess.Start(
            $"chaos-{(isWorker ? "" : "parameters-")}{++_started}", _port, request.RunsFolder, request.Recipe.Workers.ThreadsPerWorker, "cpu", isWorker ? Roles.Worker : Roles.Parameters);
        _all.Add(node);
        return node.Name;
    }

    /// <summary>Picks the one to which an event happens; null when there is none that lives and is well.</summary>
    public WorkerProcess? Pick(ChaosEvent e)
    {
        if (e.Target == ChaosTarget.Primary)
            return _primary;
        var role = e.Target == ChaosTarget.Workers ? Roles.Worker : Roles.Parameters;
        var here = _all.Where(n => n.Role == role && n.IsAlive && !_indisposed.Contains(n.Name)).ToList();
        return here.Count == 0 ? null : here[(int)(e.Pick % (uint)here.Count)];
    }

    /// <summary>Does it; another one takes the place of one that goes.</summary>
    /// <param name="over">The run has ended meanwhile.</param>
    public async Task Do(ChaosEvent e, WorkerProcess victim, Func<bool> over)
    {
        _indisposed.Add(victim.Name);
        switch (e.Action)
        {
            case ChaosAction.Kill:
                victim.Kill();
                break;
            case ChaosAction.Leave:
                victim.Leave();
                break;
            case ChaosAction.Hang:
                victim.Hang();
                await Task.Delay(s_hang);
                if (e.Revive)
                    victim.GoOn();
                else
                    victim.Kill();
                break;
            case ChaosAction.Slow:
                for (var until = Stopwatch.GetTimestamp() + (long)(s_hang.TotalSeconds * Stopwatch.Frequency); Stopwatch.GetTimestamp() < until;)
                {
                    victim.Hang();
                    await Task.Delay(3 * s_slow);
                    victim.GoOn();
                    await Task.Delay(s_slow);
                }

                break;
        }

        // One that was declared dead while it hung ends by itself when it goes on.
        if (e.Target == ChaosTarget.Primary || over())
            return;
        var stays = e.Action == ChaosAction.Slow || (e.Action == ChaosAction.Hang && e.Revive);
        if (stays)
            _indisposed.Remove(victim.Name);
        if (!stays || (e.Target == ChaosTarget.Parameters && await Ended(victim)))
            Join(e.Target);
    }

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

    private static async Task<bool> Ended(WorkerProcess node)
    {
        await Task.Delay(s_hang);
        return !node.IsAlive;
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
