using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Orleans;
using Orleans.Concurrency;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Parameters;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.State;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Grains.Workers;

/// <summary>
/// A worker's part in one run. Leases are taken one after the other, and tensors are touched on the lane only; where batch norm is over
/// the effective batch, the micro-batches of all leases of a step are under way at a time and take turns on the lane.
/// </summary>
internal sealed partial class WorkerSession
{
    private const int Remembered = 16;

    private readonly RunBrief _run;
    private readonly string _life;
    private readonly Lane _lane;
    private readonly IWorkerEnvironment _environment;
    private readonly int _index;
    private readonly IGrainFactory _grains;
    private readonly Replica _replica;
    private readonly ITrainingData _data;
    private readonly RunPlan _plan;
    private readonly ParameterReplica _parameters;
    private readonly ViewPrefetch _views;
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly PayloadStore _payloads;

    // Vectors of the parameters' length: fresh memory of that size costs more in page faults than the copy itself.
    private readonly ConcurrentStack<float[]> _free = new();
    private readonly TensorBlocks _blocks;
    private readonly Dictionary<int, OpenMicroBatch> _open = [];
    private long _openStep = -1;
    private (long Version, long Attempt) _loaded = (-1, 0);
    private readonly Queue<long> _abandoned = new();
    private bool _closed;
    private MethodState? _state;

    private WorkerSession(
        RunBrief run, Recipe recipe, string life, IWorkerEnvironment environment, int index, Lane lane, IGrainFactory grains, PayloadStore payloads, Replica replica, ITrainingData data)
    {
        (_environment, _index) = (environment, index);
        _run = run;
        _life = life;
        _payloads = payloads;
        _blocks = new TensorBlocks(payloads);
        _lane = lane;
        _grains = grains;
        _replica = replica;
        _data = data;
        _plan = new RunPlan(recipe, data.Samples);
        _parameters = new ParameterReplica(run.Run, _plan, replica.Layout, replica.Method.State, grains, payloads);
        _views = new ViewPrefetch(data, _plan);
    }

    /// <summary>Builds the networks and opens the data.</summary>
    public static async Task<WorkerSession> Open(
        RunBrief run, string life, IWorkerEnvironment environment, int index, SemaphoreSlim turn, IGrainFactory grains, PayloadStore payloads)
    {
        var recipe = RecipeReader.Parse(run.Recipe, where: run.Run);
        var data = await Task.Run(() => environment.Open(recipe, run.DataPath));
        var lane = new Lane($"{run.Run} on device {index}", turn);
        var replica = await lane.Open(() => new Replica(recipe, environment.Device(index)));
        return new WorkerSession(run, recipe, life, environment, index, lane, grains, payloads, replica, data);
    }

    /// <param name="withState">Also the state's initial values, not only its shapes.</param>
    public RunShape Describe(bool withState)
    {
        // First values are drawn, which takes a while where there are many: a worker that joins later is only asked what they are like.
        var state = withState
            ? StateBlocks.Values(new StateStore(_replica.Method.State, _replica.Recipe.Seed, _data.Samples), _payloads)
            : [.. _replica.Method.State.Select(s => new StateValue(s.Name, s.ShapeFor(_data.Samples), 0, Payload.Nothing))];
        return new RunShape(
            TensorPlaces.Of(_replica.Layout.Entries),
            _data.Samples,
            _data.Fingerprint,
            _replica.Method.Coupled,
            [.. _replica.Method.Carried],
            state,
            [.. _replica.Method.State.Select(s => (int)s.Kind)])
        {
            Notes = [.. _data.Notes, .. _replica.StartNote is { } note ? new[] { note } : []],
        };
    }

    /// <summary>Makes the slices and puts the initial values into them.</summary>
    public async Task LoadInitialParameters()
    {
        var initial = await _lane.Run(_replica.InitialParameters);
        foreach (var slice in _replica.Layout.Slices)
        {
            var grain = _grains.GetGrain<IParameterGrain>($"{_run.Run}/{slice.Index}");
            await grain.Create(_run.Recipe, TensorPlaces.Of(slice.Entries));
            using var values = _payloads.Keep(initial.AsSpan(slice.Offset, slice.Length));
            await grain.Load(values.Payload);
        }
    }

    public void Abandon(long attempt)
    {
        // Those of before have ended long since.
        if (_abandoned.Count == Remembered)
            _abandoned.Dequeue();
        _abandoned.Enqueue(attempt);
    }

    public async Task<LeaseResult> Compute(Lease lease)
    {
        var clock = new WorkClock();
        using var push = new GradientPush(_run.Run, lease.Step, lease.Attempt, lease.Leaves, _plan, _replica.Layout, _life, _grains, _payloads, _free);
        var leaves = lease.Leaves.SelectMany(l => Enumerable.Range(l.Start, l.Size)).ToList();
        var computing = new List<Task<MicroBatchResult>>();
        await _one.WaitAsync();
        try
        {
            ThrowIfClosed();
            await clock.Pull(() => BringTo(lease.Step, lease.Attempt));
            for (var i = 0; i < leaves.Count; i++)
            {
                ThrowIfAbandoned(lease.Step, lease.Attempt);
                var microBatch = leaves[i];
                var waited = _views.WaitedSeconds;
                var views = await _views.Take(lease.Step, leaves.Skip(i));
                clock.DataWaited(_views.WaitedSeconds - waited);
                if (i == leaves.Count - 1)
                    _views.Guess(lease.Step + 1, leaves);
                computing.Add(OnLane(lease.Step, lease.Attempt, microBatch, meeting => Compute(lease.Step, microBatch, views, push, clock, meeting)));
                if (!_replica.MeetsInBatchNorm)
                    await computing[i];
            }
        }
        finally
        {
            // Micro-batches that meet may wait for those of another lease of this worker.
            _one.Release();
        }

        await AllOrFirstFailure(computing);
        await clock.Push(push.Done);
        return new LeaseResult([.. computing.Select(c => c.Result)], clock.Times);
    }

    public async Task<WorkTimes> Backprop(BackpropOrder order)
    {
        var clock = new WorkClock();
        using var push = new GradientPush(_run.Run, order.Step, order.Attempt, order.Leaves, _plan, _replica.Layout, _life, _grains, _payloads, _free);
        var computing = new List<Task>();

        // First of all: whoever made a gradient that is lost makes it again, and until then everything stays open here.
        var gradients = new Dictionary<int, IReadOnlyList<NamedArray>>();
        foreach (var (microBatch, blocks) in order.Gradients)
            gradients[microBatch] = await _blocks.Take(blocks);
        await _one.WaitAsync();
        try
        {
            foreach (var microBatch in order.Leaves.SelectMany(l => Enumerable.Range(l.Start, l.Size)))
            {
                ThrowIfAbandoned(order.Step, order.Attempt);
                var back = OnLane(order.Step, order.Attempt, microBatch, _ => Backprop(order.Step, microBatch, gradients[microBatch], push, clock));
                computing.Add(back);
                if (!_replica.MeetsInBatchNorm)
                    await back;
            }
        }
        finally
        {
            _one.Release();
        }

        await AllOrFirstFailure(computing);
        await clock.Push(push.Done);
        return clock.Times;
    }

    public async Task<CoupleResult> Couple(CoupleOrder order)
    {
        await _one.WaitAsync();
        try
        {
            ThrowIfClosed();
            await BringTo(order.Step, order.Attempt);
            var embeddings = new List<IReadOnlyList<NamedArray>>();
            foreach (var blocks in order.Embeddings)
                embeddings.Add(await _blocks.Take(blocks));
            var whole = NamedArray.Concatenate(embeddings);
            return await _lane.Run(() =>
            {
                var samples = _data.SampleIds(_plan.FirstPosition(order.Step), _plan.EffectiveBatch);
                var context = StepContexts.Create(_replica.Recipe, _plan, order.Step, samples, _replica.Device);
                var (loss, gradients) = order.WithLoss ? _replica.Couple(whole, State(), context) : (0f, []);
                var update = _replica.Method.State.Count > 0 ? _replica.Advance(whole, State(), context) : StateUpdate.None;
                var parts = gradients.Select(g => g.Split(_plan.MicroBatches)).ToList();
                return new CoupleResult(
                    loss,
                    new Dictionary<string, float>(context.Reported),
                    [.. Enumerable.Range(0, _plan.MicroBatches).Select(m => _blocks.Of(parts.Select(p => p[m])))],
                    [.. update.Changes.Select(StateBlocks.Of)]);
            });
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Drops what is being computed, after the micro-batch that the thread is at, and frees everything; later calls fail.</summary>
    public async Task Close()
    {
        _closed = true;
        await _one.WaitAsync();
        try
        {
            await _lane.Run(() =>
            {
                CloseAll();
                DropState();
                _replica.Dispose();
            });
            _lane.Dispose();
            _blocks.Dispose();
            _views.Dispose();
            _data.Dispose();
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Does not wait for the rest after a failure: the rest may wait for the one that failed.</summary>
    private static async Task AllOrFirstFailure(IEnumerable<Task> computing)
    {
        await foreach (var done in Task.WhenEach(computing))
            await done;
    }

    private Task<T> OnLane<T>(long step, long attempt, int microBatch, Func<LaneMeeting?, T> compute)
        => _replica.MeetsInBatchNorm ? _lane.RunMeeting(() => compute(Meeting(step, attempt, microBatch))) : _lane.Run(() => compute(null));

    private LaneMeeting Meeting(long step, long attempt, int microBatch) => _lane.Meeting(_plan.MicroBatches, async (meeting, values) =>
    {
        ThrowIfAbandoned(step, attempt);
        var own = new Immutable<byte[]>(MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        var total = await MovingGrains.Ask(() => _grains.GetGrain<IBatchMeetingGrain>(_run.Run).Bring(step, attempt, meeting, microBatch, own));
        return MemoryMarshal.Cast<byte, double>(total.Value).ToArray();
    });

    private MicroBatchResult Compute(long step, int microBatch, MicroBatchViews views, GradientPush push, WorkClock clock, LaneMeeting? meeting)
    {
        using var used = views;
        if (_openStep != step)
        {
            CloseAll();
            _openStep = step;
        }

        var context = StepContexts.Create(_replica.Recipe, _plan, step, views.SampleIds, _replica.Device);
        if (_open.Remove(microBatch, out var again))
            again.Dispose();
        OpenMicroBatch open = null!;
        clock.Forward(meeting, () => open = _replica.Encode(microBatch, views, context, meeting));
        if (_replica.Method.Coupled)
        {
            _open[microBatch] = open;
            return new MicroBatchResult(microBatch, _blocks.Of(Replica.Export(open)), 0, new Dictionary<string, float>(context.Reported), [.. views.Replaced]);
        }

        var carried = _blocks.Of(Replica.Export(open, _replica.Method.Carried));
        var gradient = push.Rent();
        var loss = 0f;
        clock.Backward(meeting, () => loss = _replica.LossAndBackward(open, State(), context, gradient));
        _environment.Computed(_index, step, microBatch, gradient);
        clock.Push(() => push.Add(microBatch, gradient));
        return new MicroBatchResult(microBatch, carried, loss, new Dictionary<string, float>(context.Reported), [.. views.Replaced]);
    }

    private bool Backprop(long step, int microBatch, IReadOnlyList<NamedArray> gradients, GradientPush push, WorkClock clock)
    {
        if (_openStep != step || !_open.Remove(microBatch, out var open))
            throw new OutdatedException($"Micro-batch {microBatch} of step {step} is not open here.");
        var gradient = push.Rent();
        clock.Backward(open.Meeting as LaneMeeting, () => _replica.Backward(open, gradients, gradient));
        _environment.Computed(_index, step, microBatch, gradient);
        clock.Push(() => push.Add(microBatch, gradient));
        return true;
    }

    private async Task BringTo(long version, long attempt)
    {
        // Where bits are compared, the first try's values may be what was wrong with it.
        var asked = (version, _replica.Recipe.Workers.Verify > 0 ? attempt : 0);
        await _parameters.BringTo(version, anew: _loaded != asked);
        if (_loaded == asked)
            return;
        _blocks.Clear();
        await _lane.Run(() =>
        {
            CloseAll();
            _replica.Load(_parameters.Parameters, _parameters.Teacher);
            DropState();
        });
        _loaded = asked;
    }

    /// <summary>The method's state on the device, made once per version; on the lane.</summary>
    private MethodState State()
    {
        if (_state is not null)
            return _state;
        using var scope = NewDisposeScope();
        return _state = _replica.ToTensors(_parameters.Stores).DetachFromDisposeScope();
    }

    private void DropState()
    {
        _state?.Dispose();
        _state = null;
    }

    private void CloseAll()
    {
        foreach (var open in _open.Values)
            open.Dispose();
        _open.Clear();
    }

    private void ThrowIfClosed()
    {
        if (_closed)
            throw new OutdatedException($"This worker has left run {_run.Run}.");
    }

    private void ThrowIfAbandoned(long step, long attempt)
    {
        ThrowIfClosed();
        if (_abandoned.Contains(attempt))
            throw new OutdatedException($"Step {step} of run {_run.Run} is over.");
    }
}
