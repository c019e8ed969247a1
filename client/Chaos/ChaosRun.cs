using System.Diagnostics;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Chaos;

/// <summary>An event that took place.</summary>
/// <param name="Step">Step that was being computed.</param>
/// <param name="Action">What happened.</param>
/// <param name="Worker">To whom.</param>
/// <param name="RecoverySeconds">To the next committed step; null when none followed.</param>
public sealed record ChaosHappening(long Step, ChaosAction Action, string Worker, double? RecoverySeconds);

/// <summary>How a run ended.</summary>
/// <param name="Hash">Weights of the last commit.</param>
/// <param name="Hashes">Weights of every commit.</param>
/// <param name="Happenings">What was done to it.</param>
/// <param name="LostMicroBatches">Leased and not used.</param>
/// <param name="Seconds">From start to end.</param>
/// <param name="MedianStepSeconds">Between commits.</param>
/// <param name="Audit">Every position once.</param>
public sealed record ChaosOutcome(
    string Hash, IReadOnlyList<string> Hashes, IReadOnlyList<ChaosHappening> Happenings, int LostMicroBatches, double Seconds, double MedianStepSeconds, LedgerAudit Audit);

/// <summary>Trains with real worker processes and does to them what a schedule says.</summary>
public sealed class ChaosRun(TrainingRequest request, IReadOnlyList<ChaosEvent> schedule, Action<string> tell)
{
    private static readonly TimeSpan s_hang = TimeSpan.FromSeconds(2);

    private readonly List<WorkerProcess> _living = [];
    private readonly Dictionary<string, WorkerProcess> _hanging = [];
    private readonly List<(ChaosHappening What, long At)> _waiting = [];
    private readonly List<ChaosHappening> _happened = [];
    private readonly List<double> _stepSeconds = [];
    private GrainTrainingSession? _session;
    private int _started;
    private bool _over;

    /// <exception cref="UserErrorException">The run failed.</exception>
    public async Task<ChaosOutcome> Go(CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        await using var session = _session = await GrainTrainingSession.Open(request with { Workers = 0 }, cancellation, ownWorkers: 0);
        for (var i = 0; i < Math.Max(1, request.Workers); i++)
            Join();
        var pending = new Queue<ChaosEvent>(schedule);
        var acting = new List<Task>();
        var last = Stopwatch.GetTimestamp();
        RunStatus? status = null;
        await foreach (var news in session.News(cancellation))
        {
            status = news.Status;
            foreach (var step in news.Events.Where(e => e.Kind == "step"))
            {
                Recovered();
                _stepSeconds.Add(step.Values["seconds"]);
                last = Stopwatch.GetTimestamp();
            }

            while (pending.TryPeek(out var next) && next.Step <= status.Step)
            {
                pending.Dequeue();
                acting.Add(Act(next, status.Step));
            }
        }

        _over = true;
        await Task.WhenAll(acting);
        if (status is not { Phase: RunPhase.Completed })
            throw new UserErrorException($"The run ended as {status?.Phase}: {status?.Message}");
        return await Outcome(status, clock.Elapsed.TotalSeconds, cancellation);
    }

    private double Typical => _stepSeconds.Count == 0 ? 0.5 : _stepSeconds.Order().ElementAt(_stepSeconds.Count / 2);

    private async Task Act(ChaosEvent e, long step)
    {
        await Task.Delay(TimeSpan.FromSeconds(e.Moment * Typical));
        if (_over)
            return;
        if (e.Action == ChaosAction.Join)
        {
            Happened(step, e.Action, Join().Name);
            return;
        }

        var here = _living.Where(w => w.IsAlive && !_hanging.ContainsKey(w.Name)).ToList();
        if (here.Count == 0)
            return;
        var victim = here[(int)(e.Pick % (uint)here.Count)];
        Happened(step, e.Action, victim.Name);
        switch (e.Action)
        {
            case ChaosAction.Kill:
                _living.Remove(victim);
                victim.Kill();
                Join();
                break;
            case ChaosAction.Leave:
                _living.Remove(victim);
                victim.Leave();
                Join();
                break;
            case ChaosAction.Hang:
                _hanging[victim.Name] = victim;
                victim.Hang();
                await Task.Delay(s_hang);
                _hanging.Remove(victim.Name);
                if (e.Revive)
                {
                    victim.GoOn();
                    break;
                }

                _living.Remove(victim);
                victim.Kill();
                if (!_over)
                    Join();
                break;
        }
    }

    private WorkerProcess Join()
    {
        var worker = _session!.Cluster.StartWorker($"chaos-{++_started}", request.RunsFolder, request.Recipe.Workers.ThreadsPerWorker, "cpu");
        _living.Add(worker);
        return worker;
    }

    private void Happened(long step, ChaosAction action, string worker)
    {
        tell($"step {step}: {action.ToString().ToLowerInvariant()} {worker}");
        _waiting.Add((new ChaosHappening(step, action, worker, null), Stopwatch.GetTimestamp()));
    }

    private void Recovered()
    {
        foreach (var (what, at) in _waiting)
            _happened.Add(what with { RecoverySeconds = Stopwatch.GetElapsedTime(at).TotalSeconds });
        _waiting.Clear();
    }

    private async Task<ChaosOutcome> Outcome(RunStatus status, double seconds, CancellationToken cancellation)
    {
        var storage = RunStorage.Open(request.RunsFolder);
        var entries = await Ledger.Read(storage, request.Run, cancellation);
        var record = await SslOrleans.Grains.Runs.RunRecord.Read(storage, request.Run);
        var batch = request.Recipe.Batch;
        return new ChaosOutcome(
            status.WeightsHash,
            [.. entries.Select(e => e.Hash)],
            [.. _happened, .. _waiting.Select(w => w.What)],
            entries.SelectMany(e => e.Lost).SelectMany(l => l.Leaves).Sum(Count),
            seconds,
            Typical,
            Ledger.Audit(entries, record!.Samples, batch.Effective, batch.MicroBatches));

        static int Count(string leaves)
        {
            var ends = leaves.Split('-');
            return int.Parse(ends[^1], System.Globalization.CultureInfo.InvariantCulture) - int.Parse(ends[0], System.Globalization.CultureInfo.InvariantCulture) + 1;
        }
    }
}
