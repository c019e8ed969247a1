using System.Globalization;
using Orleans.Concurrency;
using Orleans.Placement;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Meters;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Steps;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Transfer;
using SslOrleans.Grains.WarmCopies;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Parameters;

/// <summary>
/// A slice: collects partial sums in tree order, applies the optimiser once per step, hands its version out in parts. Its warm copy has
/// every sum before the first slice of the run applies it, so after the death of this silo the slice goes on where the copy is.
/// </summary>
[OnBestParameterSilo]
[Reentrant]
[KeepAlive]
[Immovable]
public sealed partial class ParameterGrain(IRunStorage storage, ParameterSilos silos, ILocalSiloDetails self, PayloadStore payloads) : Grain, IParameterGrain
{
    private string _origin = "";
    private Recipe? _recipe;
    private LayoutSlice? _slice;
    private SliceState? _state;
    private IncomingSums? _sums;

    // The version before is kept too, for readers that are about to take it.
    private (KeptPayload? Now, KeptPayload? Before) _published;
    private SliceCommit? _last;
    private SliceCommit? _measured;
    private StepIntent? _intent;
    private (long Step, Task Task) _prepared = (-1, Task.CompletedTask);
    private WarmCopy? _copy;

    private WarmCopy Copy => _copy ??= new WarmCopy(GrainFactory, silos, payloads, self.Name, this.GetPrimaryKeyString());

    private string Run => this.GetPrimaryKeyString()[..this.GetPrimaryKeyString().LastIndexOf('/')];

    private SliceState State => _state
        ?? throw new StateLostException($"Parameter slice {this.GetPrimaryKeyString()} holds nothing; it is restored from the last checkpoint.");

    private ITeacherGrain Teacher => GrainFactory.GetGrain<ITeacherGrain>(this.GetPrimaryKeyString());

    public override Task OnActivateAsync(CancellationToken cancellationToken) => TakeCopysPlace();

    public async Task Create(string recipe, TensorPlace[] tensors)
    {
        Begin(recipe, tensors);
        await Copy.Forget();
    }

    public async Task Load(Payload values)
    {
        _state = new SliceState(_recipe!, _slice!, await payloads.Take(values));
        Publish();
        if (HasTeacher)
            Copy.Teacher = await Beside.Me(self.Name, () => Teacher.Create(TensorPlaces.Of(_slice!.Entries), 0, Published));
    }

    public async Task Restore(string recipe, TensorPlace[] tensors, long version)
    {
        Begin(recipe, tensors);
        await Copy.Forget();
        var reader = await CheckpointReader.Open(storage, Run, version, CheckpointReader.Parameters, CheckpointReader.Optimizer);
        var state = new SliceState(_recipe!, _slice!, new float[_slice!.Length]);
        var optimizer = new Dictionary<string, float[]>();
        foreach (var (name, _) in state.OptimizerState)
            optimizer[name] = reader.Vector(CheckpointReader.Optimizer, _slice!, e => $"{name}.{e.Name}");
        state.Restore(version, reader.Vector(CheckpointReader.Parameters, _slice!, e => e.Name), optimizer);
        _state = state;
        Publish();
        if (HasTeacher)
            Copy.Teacher = await Beside.Me(self.Name, () => Teacher.Restore(tensors, version));
    }

    public Task<Payload> Pull(long version)
    {
        if (State.Version != version)
            throw new OutdatedException($"Slice {this.GetPrimaryKeyString()} is at version {State.Version}; version {version} is over.");
        return Task.FromResult(Published);
    }

    public async Task Push(PartialSum sum)
    {
        if (!IsWanted(sum))
            return;
        var sums = _sums!;
        var values = sums.Rent();
        try
        {
            await payloads.Take(sum.Values, values);
        }
        catch
        {
            sums.Return(values);
            throw;
        }

        // The slice may have gone on, or begun anew, meanwhile.
        if (sums == _sums && IsWanted(sum))
            sums.Add(sum, values);
        else
            sums.Return(values);
    }

    public async Task<SliceCommit> Measure(long step)
    {
        if (_last is { } last && last.Version == step + 1)
            return last;
        await DemandSound();
        var measured = MeasureNow(step);
        if (_recipe!.Workers.WarmCopies)
        {
            if (_prepared.Step != step || _prepared.Task.IsFaulted)
                _prepared = (step, Copy.Prepare(step, _sums!.Total, _recipe.Workers.Verify > 0, Whole));
            await _prepared.Task;
        }

        return measured with { CopyOn = Copy.On, Trouble = TakeTrouble() };
    }

    public Task Intend(StepIntent intent)
    {
        _intent = intent;
        return Copy.Intend(intent);
    }

    public async Task<SliceCommit> Apply(StepRates rates, double clip)
    {
        if (_last?.Version != rates.Step + 1)
            MeasureNow(rates.Step);
        var copying = Copy.Apply(rates, clip);
        var commit = _last is { } last && last.Version == rates.Step + 1 ? last : ApplyNow(rates, clip);
        if (HasTeacher)
            Copy.Teacher = await Beside.Me(self.Name, () => Teacher.Follow(rates.Step, rates.TeacherMomentum, Published));
        if (await copying is { } copied && copied.Hash != commit.Hash)
        {
            throw new UserErrorException(
                $"Slice {this.GetPrimaryKeyString()} has weights {commit.Hash} after step {rates.Step} on silo {self.Name}, its warm copy on {Copy.On} has {copied.Hash}: "
                + "one of the two machines computes wrongly; look at their memory and processors, then resume the run without the bad one.");
        }

        return commit;
    }

    public Task<SliceSnapshot> Snapshot()
    {
        var vectors = new Dictionary<string, Payload> { [CheckpointReader.Parameters] = payloads.Lend(State.Parameters) };
        foreach (var (name, values) in State.OptimizerState)
            vectors[name] = payloads.Lend(values);
        return Task.FromResult(new SliceSnapshot(State.Version, vectors));
    }

    public Task<SliceStand> Stand() => Task.FromResult(_state is null
        ? SliceStand.Nothing with { Trouble = Copy.Trouble }
        : new SliceStand(State.Version, _last?.Hash ?? SliceCommits.Hash(State), _last, _sums!.IsComplete ? State.Version : -1, _intent) { Trouble = Copy.Trouble });

    public Task<SliceFacts> GetState() => Task.FromResult(_state is null
        ? new SliceFacts(-1, "", 0, 0, null, "", "its first values, or a checkpoint's")
        : new SliceFacts(
            State.Version,
            _last?.Hash ?? SliceCommits.Hash(State),
            _slice!.Entries.Count,
            sizeof(float) * (long)_slice.Length * (1 + State.OptimizerState.Count()),
            Facts.Norm(State.Parameters),
            Copy.On,
            $"step {State.Version}: {(_sums!.IsComplete ? "its commit" : $"micro-batches {string.Join(", ", StepPlanner.Cover(_recipe!.Batch.MicroBatches, _sums.Missing))}")}"));

    private Payload Published => _published.Now!.Payload;

    /// <exception cref="StateLostException">It belongs to a step that this slice does not know of.</exception>
    private bool IsWanted(PartialSum sum)
    {
        if (sum.Step > State.Version)
            throw new StateLostException($"Slice {this.GetPrimaryKeyString()} is at version {State.Version} and got a gradient of step {sum.Step}.");
        return sum.Step == State.Version && Counts(sum) && !_sums!.Covers(sum.Leaves);
    }

    private bool HasTeacher => _slice!.Entries.Any(e => e.Followed);

    private SliceCommit MeasureNow(long step)
    {
        if (step != State.Version)
            throw new StateLostException($"Slice {this.GetPrimaryKeyString()} is at version {State.Version}, not at step {step}.");
        if (!_sums!.IsComplete)
            throw new StateLostException($"Slice {this.GetPrimaryKeyString()} lacks micro-batches of step {step}.");
        return _measured ??= SliceCommits.Measure(State, _sums.Total);
    }

    private SliceCommit ApplyNow(StepRates rates, double clip)
    {
        _last = SliceCommits.Apply(State, MeasureNow(rates.Step), rates, clip, _sums!.Total);
        _sums.Clear();
        Publish();
        _measured = null;
        return _last;
    }

    /// <summary>A slice that wakes up without values, because the silo that had them died, takes them from the warm copy.</summary>
    private async Task TakeCopysPlace()
    {
        if (await Copy.Best() is not ({ } copy, { } stand))
            return;
        var slice = int.Parse(this.GetPrimaryKeyString()[(Run.Length + 1)..], CultureInfo.InvariantCulture);
        var origin = await copy.Origin(slice);
        Begin(origin.Recipe, origin.Tensors);
        var state = new SliceState(_recipe!, _slice!, new float[_slice!.Length]);
        var optimizer = new Dictionary<string, float[]>();
        foreach (var (name, _) in state.OptimizerState)
            optimizer[name] = await Read(name);
        state.Restore(stand.Version, await Read(CheckpointReader.Parameters), optimizer);
        if (stand.Prepared == stand.Version)
            _sums!.Complete(await Read(SliceOrigin.Sum));
        (_last, _intent) = (stand.Last, stand.Intent);
        _state = state;
        Publish();

        async Task<float[]> Read(string vector) => await payloads.Take(await copy.Read(slice, stand.Version, vector));
    }

    /// <summary>All that a copy needs to begin.</summary>
    private async Task<(SliceOrigin Origin, SliceStand Stand, IReadOnlyDictionary<string, Payload> Vectors)> Whole()
    {
        var vectors = (await Snapshot()).Vectors;
        if (HasTeacher)
            vectors[CheckpointReader.Teacher] = (await Teacher.Snapshot()).Vectors[CheckpointReader.Teacher];
        return (new SliceOrigin(_slice!.Index, _origin, TensorPlaces.Of(_slice.Entries)), await Stand(), vectors);
    }

    private void Begin(string recipe, TensorPlace[] tensors)
    {
        _origin = recipe;
        _recipe = RecipeReader.Parse(recipe);
        _slice = TensorPlaces.Slice(this.GetPrimaryKeyString(), tensors);
        _sums = new IncomingSums(_slice.Length, _recipe.Batch.MicroBatches);
        _state = null;
        _last = null;
        _measured = null;
        _intent = null;
        _prepared = (-1, Task.CompletedTask);
    }

    private void Publish()
    {
        _published.Before?.Dispose();
        _published = (payloads.Keep(State.Parameters, _last?.Hash), _published.Now);
        Remember();
    }
}
