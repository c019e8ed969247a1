using System.Diagnostics;
using System.Globalization;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Chaos;

/// <summary>Trains with real processes and does to them what a schedule says.</summary>
/// <param name="request">The run.</param>
/// <param name="schedule">What happens.</param>
/// <param name="targets">To whom.</param>
/// <param name="network">Hosts that the processes are spread over; null: this machine.</param>
/// <param name="storage">The server of the run's blobs; null when the run is in a folder.</param>
/// <param name="tell">Is told of every event as it happens.</param>
public sealed class ChaosRun(TrainingRequest request, IReadOnlyList<ChaosEvent> schedule, IReadOnlyList<ChaosTarget> targets, HostNetwork? network, ChaosStorage? storage, Action<string> tell)
{
    private readonly ChaosNodes _nodes = new(request, targets, network, storage);
    private readonly List<(ChaosHappening What, DateTimeOffset At)> _waiting = [];
    private readonly List<ChaosHappening> _happened = [];
    private readonly List<double> _stepSeconds = [];
    private readonly Queue<ChaosEvent> _pending = new(schedule);
    private readonly List<Task> _acting = [];
    private int _missed;
    private long _rolledBack;
    private volatile bool _over;

    /// <exception cref="UserErrorException">The run failed.</exception>
    public async Task<ChaosOutcome> Go(CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        await using var nodes = _nodes;
        RunStatus? status;
        await using (var session = await _nodes.Start(cancellation))
        {
            status = await Follow(session, cancellation);
            _over = true;
            await Task.WhenAll(_acting);
            await _nodes.Leave();
        }

        cancellation.ThrowIfCancellationRequested();
        if (status is not { Phase: RunPhase.Completed })
            throw new UserErrorException($"The run ended as {status?.Phase}: {status?.Message}");
        return await Outcome(status, clock.Elapsed.TotalSeconds, cancellation);
    }

    private double Typical => _stepSeconds.Count == 0 ? 0.5 : _stepSeconds.Order().ElementAt(_stepSeconds.Count / 2);

    private async Task<RunStatus?> Follow(GrainTrainingSession session, CancellationToken cancellation)
    {
        RunStatus? status = null;
        await foreach (var news in session.News(cancellation))
        {
            status = news.Status;
            foreach (var e in news.Events)
            {
                if (e.Kind == RunEventKind.Step)
                    Committed(e);
                _rolledBack += e.Kind == RunEventKind.Recovered ? (long)e.Values.GetValueOrDefault("computedAgain") : 0;
            }

            while (_pending.TryPeek(out var next) && next.Step <= status.Step)
            {
                _pending.Dequeue();
                _acting.Add(Act(next, status.Step));
            }
        }

        return status;
    }

    /// <summary>By the time that the leader gives the step: this process may hear of it later, when its own way into the cluster has died too.</summary>
    private void Committed(RunEvent step)
    {
        lock (_waiting)
        {
            foreach (var (what, at) in _waiting.Where(w => w.At < step.Time))
                _happened.Add(what with { RecoverySeconds = (step.Time - at).TotalSeconds });
            _waiting.RemoveAll(w => w.At < step.Time);
        }

        if (step.Values.TryGetValue("seconds", out var seconds))
            _stepSeconds.Add(seconds);
    }

    private async Task Act(ChaosEvent e, long step)
    {
        await Task.Delay(TimeSpan.FromSeconds(e.Moment * Typical));
        if (!_over && e.Action == ChaosAction.Join)
        {
            Happened(step, e, _nodes.Join(ChaosTarget.Workers), "");
        }
        else if (!_over && _nodes.Pick(e) is { } victim)
        {
            Happened(step, e, victim.Name, victim.Detail(e));
            await _nodes.Do(e, victim, () => _over);
        }
        else
        {
            Interlocked.Increment(ref _missed);
            tell($"step {step}: no {e.Action.ToString().ToLowerInvariant()}, {(_over ? "the run is over" : $"none of the {e.Target.ToString().ToLowerInvariant()} is alive and well")}");
        }
    }

    private void Happened(long step, ChaosEvent e, string name, string detail)
    {
        tell($"step {step}: {e.Action.ToString().ToLowerInvariant()} {name}{(detail.Length > 0 ? $" {detail}" : "")}");
        lock (_waiting)
            _waiting.Add((new ChaosHappening(step, e.Action, e.Target, name, null, detail), DateTimeOffset.UtcNow));
    }

    private async Task<ChaosOutcome> Outcome(RunStatus status, double seconds, CancellationToken cancellation)
    {
        var kept = RunStorage.Open(request.Storage);
        var entries = await Ledger.Read(kept, request.Run, cancellation);
        var record = await SslOrleans.Grains.Runs.RunRecord.Read(kept, request.Run);
        var batch = request.Recipe.Batch;
        return new ChaosOutcome(
            status.WeightsHash,
            [.. entries.Select(e => e.Hash)],
            [.. _happened, .. _waiting.Select(w => w.What)],
            _missed + _pending.Count,
            entries.SelectMany(e => e.Lost).SelectMany(l => l.Leaves).Sum(Count),
            _rolledBack,
            seconds,
            Typical,
            Ledger.Audit(entries, record!.Samples, batch.Effective, batch.MicroBatches));

        static int Count(string leaves)
        {
            var ends = leaves.Split('-');
            return int.Parse(ends[^1], CultureInfo.InvariantCulture) - int.Parse(ends[0], CultureInfo.InvariantCulture) + 1;
        }
    }
}
