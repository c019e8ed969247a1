using System.Globalization;
using System.Runtime.InteropServices;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Optim;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Parameters;

/// <summary>
/// A slice: collects partial sums in tree order, applies the optimiser once per step, hands its version out in parts.
/// </summary>
[OnParameterSilo]
[Reentrant]
public sealed class ParameterGrain(IRunStorage storage) : Grain, IParameterGrain
{
    private Recipe? _recipe;
    private LayoutSlice? _slice;
    private float[] _loading = [];
    private int _loaded;
    private SliceState? _state;
    private IncomingSums? _sums;
    private Immutable<byte[]>[] _published = [];
    private SliceCommit? _last;
    private SliceCommit? _measured;

    private string Run => this.GetPrimaryKeyString()[..this.GetPrimaryKeyString().LastIndexOf('/')];

    private SliceState State => _state
        ?? throw new StateLostException($"Parameter slice {this.GetPrimaryKeyString()} holds nothing; it is restored from the last checkpoint.");

    private ITeacherGrain Teacher => GrainFactory.GetGrain<ITeacherGrain>(this.GetPrimaryKeyString());

    public Task Create(string recipe, TensorPlace[] tensors)
    {
        Forget(recipe, tensors);
        _loading = new float[_slice!.Length];
        return Task.CompletedTask;
    }

    public async Task Load(int part, Immutable<byte[]> values)
    {
        Parts.Place(values, part, _loading);
        if (++_loaded < Parts.Count(_loading.Length))
            return;
        _state = new SliceState(_recipe!, _slice!, _loading);
        _loading = [];
        Publish();
        if (HasTeacher)
            await Teacher.Create(TensorPlaces.Of(_slice!.Entries), 0, _published);
    }

    public async Task Restore(string recipe, TensorPlace[] tensors, long version)
    {
        Forget(recipe, tensors);
        var reader = await CheckpointReader.Open(storage, Run, version, CheckpointReader.Parameters, CheckpointReader.Optimizer);
        var state = new SliceState(_recipe!, _slice!, new float[_slice!.Length]);
        var optimizer = new Dictionary<string, float[]>();
        foreach (var (name, _) in state.OptimizerState)
            optimizer[name] = reader.Vector(CheckpointReader.Optimizer, _slice!, e => $"{name}.{e.Name}");
        state.Restore(version, reader.Vector(CheckpointReader.Parameters, _slice!, e => e.Name), optimizer);
        _state = state;
        Publish();
        if (HasTeacher)
            await Teacher.Restore(tensors, version);
    }

    public Task<Immutable<byte[]>> Pull(long version, int part)
    {
        if (State.Version != version)
            throw new OutdatedException($"Slice {this.GetPrimaryKeyString()} is at version {State.Version}; version {version} is over.");
        return Task.FromResult(_published[part]);
    }

    public Task Push(PartialSum part)
    {
        if (part.Step > State.Version)
            throw new StateLostException($"Slice {this.GetPrimaryKeyString()} is at version {State.Version} and got a gradient of step {part.Step}.");
        if (part.Step == State.Version)
            _sums!.Add(part);
        return Task.CompletedTask;
    }

    public Task<SliceCommit> Measure(long step) => Task.FromResult(MeasureNow(step));

    public async Task<SliceCommit> Apply(StepRates rates, double clip)
    {
        if (_last is not null && _last.Version == rates.Step + 1)
            return _last;
        var measured = MeasureNow(rates.Step);
        State.Apply(TensorPlaces.Schedule(rates), _sums!.Total, clip);
        _sums.Clear();
        Publish();
        _last = measured with { Version = State.Version, Hash = State.Hash().ToString("x32", CultureInfo.InvariantCulture) };
        _measured = null;
        if (HasTeacher)
            await Teacher.Follow(rates.Step, rates.TeacherMomentum, _published);
        return _last;
    }

    public Task<SliceSnapshot> Snapshot()
    {
        var vectors = new Dictionary<string, Immutable<byte[]>> { [CheckpointReader.Parameters] = Bytes(State.Parameters) };
        foreach (var (name, values) in State.OptimizerState)
            vectors[name] = Bytes(values);
        return Task.FromResult(new SliceSnapshot(State.Version, vectors));

        static Immutable<byte[]> Bytes(float[] values) => new(MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
    }

    public Task<SliceDescription> Describe()
        => Task.FromResult(new SliceDescription(
            State.Version, _slice!.Entries.Count, _slice.Length, Math.Sqrt(FixedOrder.SumOfSquares(State.Parameters)), 0, 0));

    private bool HasTeacher => _slice!.Entries.Any(e => e.Followed);

    private SliceCommit MeasureNow(long step)
    {
        if (step != State.Version)
            throw new StateLostException($"Slice {this.GetPrimaryKeyString()} is at version {State.Version}, not at step {step}.");
        if (!_sums!.IsComplete)
            throw new StateLostException($"Slice {this.GetPrimaryKeyString()} lacks micro-batches of step {step}.");
        return _measured ??= new SliceCommit(step, "", State.GradientSquares(_sums.Total), State.GradientMaximum(_sums.Total));
    }

    private void Forget(string recipe, TensorPlace[] tensors)
    {
        _recipe = RecipeReader.Parse(recipe);
        _slice = TensorPlaces.Slice(this.GetPrimaryKeyString(), tensors);
        _sums = new IncomingSums(_slice.Length, _recipe.Batch.MicroBatches);
        _state = null;
        _last = null;
        _measured = null;
        _loaded = 0;
        DelayDeactivation(TimeSpan.FromDays(365));
    }

    private void Publish() => _published = Parts.CutAll(State.Parameters);
}
