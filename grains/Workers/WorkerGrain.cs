using Orleans.Concurrency;
using Orleans.Placement;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Devices;
using SslOrleans.Grains.Evaluation;
using SslOrleans.Grains.Lifelines;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Transfer;

namespace SslOrleans.Grains.Workers;

/// <summary>
/// One replica on one device. Tensors live on the session's own lane, so that calls are answered while it computes.
/// </summary>
[OnNamedSilo]
[Reentrant]
[Immovable]
public sealed class WorkerGrain(IWorkerEnvironment environment, OpenRuns openRuns, PayloadStore payloads, ILifelines lifelines) : Grain, IWorkerGrain
{
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(1);

    /// <summary>When a silo has died that may have led the run or held the pool: the run waits for its workers.</summary>
    private static readonly TimeSpan s_haste = TimeSpan.FromMilliseconds(100);

    private readonly string _life = Guid.NewGuid().ToString("N");
    private readonly Dictionary<string, Task<WorkerSession>> _sessions = [];

    // Runs share the device: one of them computes at a time.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<string, Task<EvaluationSession>> _evaluations = [];
    private IGrainTimer? _timer;
    private TaskScheduler _scheduler = TaskScheduler.Default;
    private bool _hastens;
    private bool _left;

    private string Name => this.GetPrimaryKeyString();

    private int Index => WorkerKey.Parse(Name).Index;

    private IWorkerPoolGrain Pool => GrainFactory.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key);

    public async Task<WorkerInfo> Join()
    {
        _left = false;
        await Pool.Register(Info());
        if (_timer is null)
        {
            _scheduler = TaskScheduler.Current;
            lifelines.Broken += Hasten;
        }

        _timer ??= this.RegisterGrainTimer(Heartbeat, new GrainTimerCreationOptions(s_heartbeat, s_heartbeat) { Interleave = true, KeepAlive = true });
        return Info();
    }

    public async Task Leave()
    {
        _left = true;
        End();
        await Pool.Leave(Name, _life);
        foreach (var run in _sessions.Keys.ToList())
            await GrainFactory.GetGrain<ITrainingRunGrain>(run).WorkerLeft(Name);

        // What it still computes nobody waits for. Joining again builds new replicas.
        await Close();
    }

    public async Task<RunShape> Prepare(RunBrief run, bool load)
    {
        var session = await Session(run);
        if (load)
            await session.LoadInitialParameters();
        return session.Describe(withState: load);
    }

    public async Task<LeaseResult> Compute(Lease lease) => await (await Session(lease.Run)).Compute(lease);

    public async Task<WorkTimes> Backprop(BackpropOrder order)
        => _sessions.TryGetValue(order.Run, out var session)
            ? await (await session).Backprop(order)
            : throw new InvalidOperationException($"Worker {Name} has no open micro-batches of run {order.Run}.");

    public async Task<CoupleResult> Couple(CoupleOrder order) => await (await Session(order.Run)).Couple(order);

    public async Task<VerifyResult> Verify(VerifyOrder order) => await (await Session(order.Run)).Verify(order);

    public async Task<Payload> Views(RunBrief run, long step, int microBatch) => await (await Session(run)).Views(step, microBatch);

    public async Task Abandon(string run, long attempt)
    {
        if (_sessions.TryGetValue(run, out var session))
            (await session).Abandon(attempt);
    }

    public async Task<EvaluationImages> Images(RunBrief run) => (await Evaluation(run)).Images;

    public async Task<Immutable<byte[]>> Features(FeatureLease block) => await (await Evaluation(block.Run)).Features(block);

    public async Task<EvaluationResult> Probe(ProbeLease probes) => await (await Evaluation(probes.Run)).Probe(probes);

    public Task<WorkerFacts> GetState()
    {
        var info = Info();
        return Task.FromResult(new WorkerFacts(info.Device, info.NumericsClass, info.ProcessId, info.Machine, info.Life, [.. _sessions.Keys.Order(StringComparer.Ordinal)]));
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        try
        {
            // Without time the silo was declared dead, and nobody listens to it.
            if (!_left && !cancellationToken.IsCancellationRequested)
                await Leave();
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // The silo that held pool and run is gone too: there is nobody to tell.
        }

        End();
        await Close();
        foreach (var evaluation in _evaluations.Values.Where(s => s.IsCompletedSuccessfully))
            (await evaluation).Dispose();
    }

    private async Task Close()
    {
        var sessions = _sessions.Values.Where(s => s.IsCompletedSuccessfully).Select(s => s.Result).ToList();
        _sessions.Clear();
        openRuns.End(Name);
        foreach (var session in sessions)
            await session.Close();
    }

    private async Task Heartbeat(CancellationToken cancellation)
    {
        if (_left)
            return;
        try
        {
            foreach (var run in _sessions.Keys.ToList())
                await GrainFactory.GetGrain<ITrainingRunGrain>(run).Wake();
            await Pool.Register(Info());
            if (_hastens)
                _timer?.Change(s_heartbeat, s_heartbeat);
            _hastens = false;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // The pool is on its way to another silo; the next beat finds it there.
        }
    }

    /// <summary>Called on any thread.</summary>
    private void Hasten(string silo) => Task.Factory.StartNew(
        () =>
        {
            _hastens = true;
            _timer?.Change(s_haste, s_haste);
        },
        CancellationToken.None,
        TaskCreationOptions.None,
        _scheduler);

    private void End()
    {
        lifelines.Broken -= Hasten;
        _timer?.Dispose();
        _timer = null;
    }

    private Task<WorkerSession> Session(RunBrief run)
    {
        if (_sessions.TryGetValue(run.Run, out var session) && !session.IsFaulted)
            return session;
        if (_left)
            throw new InvalidOperationException($"Worker {Name} has left.");
        openRuns.Begin(Name, run.Run);
        return _sessions[run.Run] = WorkerSession.Open(run, _life, environment, Index, _turn, GrainFactory, payloads);
    }

    private Task<EvaluationSession> Evaluation(RunBrief run)
    {
        if (_evaluations.TryGetValue(run.Run, out var session) && !session.IsFaulted)
            return session;
        return _evaluations[run.Run] = EvaluationSession.Open(run, environment, Index, GrainFactory, payloads);
    }

    private WorkerInfo Info() => new(
        Name,
        WorkerKey.Parse(Name).Silo,
        _life,
        environment.Device(Index).ToString(),
        environment.NumericsClass(Index),
        Environment.ProcessId,
        Environment.MachineName);
}
