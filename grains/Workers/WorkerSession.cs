using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Orleans.Concurrency;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts;
using SslOrleans.Grains.Devices;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.State;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>
/// A worker's part in one run. Leases are taken one after the other, and tensors are touched on the lane only; where batch norm is over
/// the effective batch, the micro-batches of all leases of a step are under way at a time and take turns on the lane.
/// </summary>
internal sealed class WorkerSession
{
    private readonly WorkerModel _model;
    private readonly string _life;
    private readonly IGrainFactory _grains;
    private readonly PayloadStore _payloads;
    private readonly WorkerVersion _version;
    private readonly ViewPrefetch _views;
    private readonly TensorBlocks _blocks;
    private readonly OpenMicroBatches _open = new();
    private readonly AbandonedTries _abandoned = new();
    private readonly SemaphoreSlim _one = new(1, 1);

    // Vectors of the parameters' length: fresh memory of that size costs more in page faults than the copy itself.
    private readonly ConcurrentStack<float[]> _free = new();
    private bool _closed;

    private WorkerSession(WorkerModel model, string life, IGrainFactory grains, PayloadStore payloads)
    {
        (_model, _life, _grains, _payloads) = (model, life, grains, payloads);
        _version = new WorkerVersion(model, grains, payloads);
        _views = new ViewPrefetch(model.Data, model.Plan);
        _blocks = new TensorBlocks(payloads);
    }

    private string Run => _model.Run.Run;

    private Replica Replica => _model.Replica;

    private RunPlan Plan => _model.Plan;

    /// <summary>Builds the networks and opens the data.</summary>
    public static async Task<WorkerSession> Open(
        RunBrief run, string life, IWorkerEnvironment environment, int index, SemaphoreSlim turn, IGrainFactory grains, PayloadStore payloads)
        => new(await WorkerModel.Open(run, environment, index, turn), life, grains, payloads);

    /// <param name="withState">Also the state's initial values, not only its shapes.</param>
    public RunShape Describe(bool withState) => _model.Describe(withState ? _payloads : null);

    /// <summary>Makes the slices and puts the initial values into them.</summary>
    public async Task LoadInitialParameters()
    {
        var initial = await _model.Lane.Run(Replica.InitialParameters);
        foreach (var slice in Replica.Layout.Slices)
        {
            var grain = _grains.GetGrain<IParameterGrain>($"{new SliceKey(Run, slice.Index)}");
            await grain.Create(_model.Run.Recipe, [.. slice.Entries]);
            using var values = _payloads.Keep(initial.AsSpan(slice.Offset, slice.Length));
            await grain.Load(values.Payload);
        }
    }

    public void Abandon(long attempt) => _abandoned.Add(attempt);

    public async Task<LeaseResult> Compute(Lease lease)
    {
        var clock = new WorkClock();
        using var push = Push(lease.Step, lease.Attempt, lease.Leaves);
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
                if (!Replica.MeetsInBatchNorm)
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
        using var push = Push(order.Step, order.Attempt, order.Leaves);
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
                if (!Replica.MeetsInBatchNorm)
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
            return await _model.Lane.Run(() =>
            {
                var context = _model.Context(order.Step);
                var (loss, gradients) = order.WithLoss ? Replica.Couple(whole, _version.State(), context) : (0f, []);
                var update = Replica.Method.State.Count > 0 ? Replica.Advance(whole, _version.State(), context) : StateUpdate.None;
                StateUpdateSize.Check(Replica.Recipe, StateUpdateSize.Of(update));
                var parts = gradients.Select(g => g.Split(Plan.MicroBatches)).ToList();
                return new CoupleResult(
                    loss,
                    new Dictionary<string, float>(context.Reported),
                    [.. Enumerable.Range(0, Plan.MicroBatches).Select(m => _blocks.Of(parts.Select(p => p[m])))],
                    [.. update.Changes.Select(StateBlocks.Of)]);
            });
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>A micro-batch that is computed for comparison: from the images on, and apart from what the worker's own leases hold.</summary>
    public async Task<VerifyResult> Verify(VerifyOrder order)
    {
        await _one.WaitAsync();
        try
        {
            ThrowIfClosed();
            await BringTo(order.Step, order.Attempt);
            var views = await Task.Run(() => _model.Data.Render(Plan.FirstPosition(order.Step, order.MicroBatch), Plan.MicroBatch));
            var gradients = await _blocks.Take(order.Gradients);
            return await OnLane(order.Step, order.Attempt, order.MicroBatch, meeting => ComparedMicroBatch.Compute(_model, _version, _blocks, order, views, gradients, meeting));
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>A micro-batch's views in a file.</summary>
    public async Task<Payload> Views(long step, int microBatch)
    {
        using var views = await Task.Run(() => _model.Data.Render(Plan.FirstPosition(step, microBatch), Plan.MicroBatch));
        return _payloads.Lend(MemoryMarshal.Cast<byte, float>(StepCapture.Write(step, "", StepCapture.Inputs(microBatch, views))));
    }

    /// <summary>Drops what is being computed, after the micro-batch that the thread is at, and frees everything; later calls fail.</summary>
    public async Task Close()
    {
        _closed = true;
        await _one.WaitAsync();
        try
        {
            await _model.Lane.Run(() =>
            {
                _open.Clear();
                _version.DropState();
                Replica.Dispose();
            });
            _model.Lane.Dispose();
            _blocks.Dispose();
            _views.Dispose();
            _model.Data.Dispose();
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
        => Replica.MeetsInBatchNorm ? _model.Lane.RunMeeting(() => compute(Meeting(step, attempt, microBatch))) : _model.Lane.Run(() => compute(null));

    private LaneMeeting Meeting(long step, long attempt, int microBatch) => _model.Lane.Meeting(Plan.MicroBatches, async (meeting, values) =>
    {
        ThrowIfAbandoned(step, attempt);
        var own = new Immutable<byte[]>(MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        var total = await MovingGrains.Ask(() => _grains.GetGrain<IBatchMeetingGrain>(Run).Bring(step, attempt, meeting, microBatch, own));
        return MemoryMarshal.Cast<byte, double>(total.Value).ToArray();
    });

    private MicroBatchResult Compute(long step, int microBatch, MicroBatchViews views, GradientPush push, WorkClock clock, LaneMeeting? meeting)
    {
        using var used = views;
        _open.MakeRoom(step, microBatch);
        var context = _model.Context(step, views.SampleIds);
        OpenMicroBatch open = null!;
        clock.Forward(meeting, () => open = Replica.Encode(microBatch, views, context, meeting));
        if (Replica.Method.Coupled)
        {
            _open.Keep(microBatch, open);
            return new MicroBatchResult(microBatch, _blocks.Of(Replica.Export(open)), 0, new Dictionary<string, float>(context.Reported), [.. views.Replaced]);
        }

        var carried = _blocks.Of(Replica.Export(open, Replica.Method.Carried));
        var gradient = push.Rent();
        var loss = 0f;
        clock.Backward(meeting, () => loss = Replica.LossAndBackward(open, _version.State(), context, gradient));
        _model.Computed(step, microBatch, gradient);
        clock.Push(() => push.Add(microBatch, gradient));
        return new MicroBatchResult(microBatch, carried, loss, new Dictionary<string, float>(context.Reported), [.. views.Replaced]);
    }

    private bool Backprop(long step, int microBatch, IReadOnlyList<NamedArray> gradients, GradientPush push, WorkClock clock)
    {
        var open = _open.Take(step, microBatch);
        var gradient = push.Rent();
        clock.Backward(open.Meeting as LaneMeeting, () => Replica.Backward(open, gradients, gradient));
        _model.Computed(step, microBatch, gradient);
        clock.Push(() => push.Add(microBatch, gradient));
        return true;
    }

    private async Task BringTo(long version, long attempt)
    {
        if (await _version.BringTo(version, attempt, _open.Clear))
            _blocks.Clear();
    }

    private GradientPush Push(long step, long attempt, MicroBatchRange[] leaves) => new(Run, step, attempt, leaves, Plan, Replica.Layout, _life, _grains, _payloads, _free);

    private void ThrowIfClosed()
    {
        if (_closed)
            throw new OutdatedException($"This worker has left run {Run}.");
    }

    private void ThrowIfAbandoned(long step, long attempt)
    {
        ThrowIfClosed();
        if (_abandoned.Contains(attempt))
            throw new OutdatedException($"Step {step} of run {Run} is over.");
    }
}
