using Orleans;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Parameters;
using SslOrleans.Grains.State;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Grains.Workers;

/// <summary>
/// A worker's part in one run. Leases are taken one after the other; tensors are touched on the compute thread only.
/// </summary>
internal sealed class WorkerSession : IDisposable
{
    private readonly RunBrief _run;
    private readonly string _life;
    private readonly ComputeThread _thread;
    private readonly IGrainFactory _grains;
    private readonly Replica _replica;
    private readonly ITrainingData _data;
    private readonly RunPlan _plan;
    private readonly ParameterReplica _parameters;
    private readonly ViewPrefetch _views;
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Stack<float[]> _free = new();
    private readonly Dictionary<int, OpenMicroBatch> _open = [];
    private long _openStep = -1;
    private long _loaded = -1;
    private long _abandoned = -1;
    private MethodState? _state;
    private DisposeScope? _stateScope;

    private WorkerSession(RunBrief run, Recipe recipe, string life, ComputeThread thread, IGrainFactory grains, Replica replica, ITrainingData data)
    {
        _run = run;
        _life = life;
        _thread = thread;
        _grains = grains;
        _replica = replica;
        _data = data;
        _plan = new RunPlan(recipe, data.Samples);
        _parameters = new ParameterReplica(run.Run, _plan, replica.Layout, replica.Method.State, grains);
        _views = new ViewPrefetch(data, _plan);
    }

    /// <summary>Builds the networks and opens the data.</summary>
    public static async Task<WorkerSession> Open(
        RunBrief run, string life, IWorkerEnvironment environment, int index, ComputeThread thread, IGrainFactory grains)
    {
        var recipe = RecipeReader.Parse(run.Recipe, where: run.Run);
        var data = await Task.Run(() => environment.Open(recipe, run.DataPath));
        var replica = await thread.Run(() => new Replica(recipe, environment.Device(index)));
        return new WorkerSession(run, recipe, life, thread, grains, replica, data);
    }

    /// <param name="withState">Also the state's initial values, not only its shapes.</param>
    public RunShape Describe(bool withState)
    {
        var state = StateBlocks.Values(new StateStore(_replica.Method.State, _replica.Recipe.Seed, _data.Samples));
        return new RunShape(
            TensorPlaces.Of(_replica.Layout.Entries),
            _data.Samples,
            _data.Fingerprint,
            _replica.Method.Coupled,
            [.. _replica.Method.Carried],
            withState ? state : [.. state.Select(v => v with { Values = new([]) })],
            [.. _replica.Method.State.Select(s => (int)s.Kind)]);
    }

    /// <summary>Makes the slices and puts the initial values into them.</summary>
    public async Task LoadInitialParameters()
    {
        var initial = await _thread.Run(_replica.InitialParameters);
        foreach (var slice in _replica.Layout.Slices)
        {
            var grain = _grains.GetGrain<IParameterGrain>($"{_run.Run}/{slice.Index}");
            await grain.Create(_run.Recipe, TensorPlaces.Of(slice.Entries));
            for (var part = 0; part < Parts.Count(slice.Length); part++)
                await grain.Load(part, Parts.Cut(initial.AsSpan(slice.Offset, slice.Length), part));
        }
    }

    public void Abandon(long step) => _abandoned = Math.Max(_abandoned, step);

    public async Task<LeaseResult> Compute(Lease lease)
    {
        await _one.WaitAsync();
        try
        {
            var clock = new WorkClock();
            await BringTo(lease.Step);
            clock.Pulled();
            var waited = _views.WaitedSeconds;
            var leaves = lease.Leaves.SelectMany(l => Enumerable.Range(l.Start, l.Size)).ToList();
            var results = new List<MicroBatchResult>();
            using var push = new GradientPush(_run.Run, lease.Step, lease.Leaves, _plan.MicroBatches, _replica.Layout, _life, _grains, _free);
            for (var i = 0; i < leaves.Count; i++)
            {
                ThrowIfAbandoned(lease.Step);
                using var views = await _views.Take(lease.Step, leaves.Skip(i));
                var microBatch = leaves[i];
                if (i == leaves.Count - 1)
                    _views.Guess(lease.Step + 1, leaves);
                results.Add(await _thread.Run(() => Compute(lease.Step, microBatch, views, push, clock)));
            }

            clock.Computed(_views.WaitedSeconds - waited);
            await push.Done();
            clock.Pushed();
            return new LeaseResult([.. results], clock.Times);
        }
        finally
        {
            _one.Release();
        }
    }

    public async Task<WorkTimes> Backprop(BackpropOrder order)
    {
        await _one.WaitAsync();
        try
        {
            var clock = new WorkClock();
            using var push = new GradientPush(_run.Run, order.Step, order.Leaves, _plan.MicroBatches, _replica.Layout, _life, _grains, _free);
            foreach (var microBatch in order.Leaves.SelectMany(l => Enumerable.Range(l.Start, l.Size)))
            {
                ThrowIfAbandoned(order.Step);
                await _thread.Run(() =>
                {
                    if (_openStep != order.Step || !_open.Remove(microBatch, out var open))
                        throw new OutdatedException($"Micro-batch {microBatch} of step {order.Step} is not open here.");
                    var gradient = push.Rent();
                    _replica.Backward(open, TensorBlocks.Arrays(order.Gradients[microBatch]), gradient);
                    push.Add(microBatch, gradient);
                });
            }

            clock.WentBack();
            await push.Done();
            clock.Pushed();
            return clock.Times;
        }
        finally
        {
            _one.Release();
        }
    }

    public async Task<CoupleResult> Couple(CoupleOrder order)
    {
        await _one.WaitAsync();
        try
        {
            await BringTo(order.Step);
            var whole = NamedArray.Concatenate([.. order.Embeddings.Select(TensorBlocks.Arrays)]);
            return await _thread.Run(() =>
            {
                var samples = _data.SampleIds(_plan.FirstPosition(order.Step), _plan.EffectiveBatch);
                var context = StepContexts.Create(_replica.Recipe, _plan, order.Step, samples, _replica.Device);
                var (loss, gradients) = order.WithLoss ? _replica.Couple(whole, State(), context) : (0f, []);
                var update = _replica.Method.State.Count > 0 ? _replica.Advance(whole, State(), context) : StateUpdate.None;
                var parts = gradients.Select(g => g.Split(_plan.MicroBatches)).ToList();
                return new CoupleResult(
                    loss,
                    new Dictionary<string, float>(context.Reported),
                    [.. Enumerable.Range(0, _plan.MicroBatches).Select(m => TensorBlocks.Of(parts.Select(p => p[m])))],
                    [.. update.Changes.Select(StateBlocks.Of)]);
            });
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose()
    {
        _ = _thread.Run(() =>
        {
            CloseAll();
            _stateScope?.Dispose();
            _replica.Dispose();
        });
        _views.Dispose();
        _data.Dispose();
    }

    private MicroBatchResult Compute(long step, int microBatch, MicroBatchViews views, GradientPush push, WorkClock clock)
    {
        if (_openStep != step)
        {
            CloseAll();
            _openStep = step;
        }

        var context = StepContexts.Create(_replica.Recipe, _plan, step, views.SampleIds, _replica.Device);
        if (_open.Remove(microBatch, out var again))
            again.Dispose();
        var open = _replica.Encode(microBatch, views, context);
        clock.Encoded();
        if (_replica.Method.Coupled)
        {
            _open[microBatch] = open;
            return new MicroBatchResult(microBatch, TensorBlocks.Of(Replica.Export(open)), 0, new Dictionary<string, float>(context.Reported));
        }

        var carried = TensorBlocks.Of(Replica.Export(open, _replica.Method.Carried));
        var gradient = push.Rent();
        var loss = _replica.LossAndBackward(open, State(), context, gradient);
        push.Add(microBatch, gradient);
        clock.WentBack();
        return new MicroBatchResult(microBatch, carried, loss, new Dictionary<string, float>(context.Reported));
    }

    private async Task BringTo(long version)
    {
        await _parameters.BringTo(version);
        if (_loaded == version)
            return;
        await _thread.Run(() =>
        {
            CloseAll();
            _replica.Load(_parameters.Parameters, _parameters.Teacher);
            _stateScope?.Dispose();
            _stateScope = null;
            _state = null;
        });
        _loaded = version;
    }

    /// <summary>The method's state on the device, made once per version; on the compute thread.</summary>
    private MethodState State()
    {
        if (_state is not null)
            return _state;
        _stateScope = NewDisposeScope();
        return _state = _replica.ToTensors(_parameters.Stores);
    }

    private void CloseAll()
    {
        foreach (var open in _open.Values)
            open.Dispose();
        _open.Clear();
    }

    private void ThrowIfAbandoned(long step)
    {
        if (_abandoned >= step)
            throw new OutdatedException($"Step {step} of run {_run.Run} is over.");
    }
}
