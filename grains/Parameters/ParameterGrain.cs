using Orleans.Concurrency;
using Orleans.Placement;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Transfer;
using SslOrleans.Grains.WarmCopies;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Parameters;

/// <summary>
/// A slice: collects partial sums in tree order, applies the optimiser once per step, hands its version out. Its warm copy has
/// every sum before the first slice of the run applies it, so after the death of this silo the slice goes on where the copy is.
/// </summary>
[OnBestParameterSilo]
[Reentrant]
[KeepAlive]
[Immovable]
public sealed class ParameterGrain(IRunStorage storage, ParameterSilos silos, ILocalSiloDetails self, PayloadStore payloads) : Grain, IParameterGrain
{
    private readonly PublishedVersions _published = new(payloads);
    private SliceSpec? _spec;
    private HeldSlice? _held;
    private WarmCopy? _copy;

    /// <summary>The step whose complete sum goes, or went, to the warm copy.</summary>
    private (long Step, Task Task) _prepared = (-1, Task.CompletedTask);

    /// <summary>Of a step only sums of this try count.</summary>
    private (long Step, long Attempt)? _only;

    private SliceKey Key => SliceKey.Parse(this.GetPrimaryKeyString());

    private WarmCopy Copy => _copy ??= new WarmCopy(GrainFactory, silos, payloads, self.Name, Key);

    private HeldSlice Held => _held ?? throw new StateLostException($"Parameter slice {Key} holds nothing; it is restored from the last checkpoint.");

    private ITeacherGrain Teacher => GrainFactory.GetGrain<ITeacherGrain>($"{Key}");

    public override Task OnActivateAsync(CancellationToken cancellationToken) => TakeCopysPlace();

    public async Task Create(string recipe, TensorEntry[] tensors)
    {
        Begin(recipe, tensors);
        await Copy.Forget();
    }

    public async Task Load(Payload values)
    {
        var spec = _spec ?? throw new StateLostException($"Parameter slice {Key} was not created here; it begins anew.");
        Hold(new HeldSlice(Key, spec, new SliceState(spec.Recipe, spec.Slice, await payloads.Take(values))));
        if (spec.HasTeacher)
            Copy.Teacher = await Beside.Me(self.Name, () => Teacher.Create([.. spec.Slice.Entries], 0, _published.Now));
    }

    public async Task Restore(string recipe, TensorEntry[] tensors, long version)
    {
        var spec = Begin(recipe, tensors);
        await Copy.Forget();
        var reader = await CheckpointReader.Open(storage, Key.Run, version, CheckpointReader.Parameters, CheckpointReader.Optimizer);
        var state = new SliceState(spec.Recipe, spec.Slice, new float[spec.Slice.Length]);
        var optimizer = state.OptimizerState.ToDictionary(o => o.Name, o => reader.Vector(CheckpointReader.Optimizer, spec.Slice, e => $"{o.Name}.{e.Name}"));
        state.Restore(version, reader.Vector(CheckpointReader.Parameters, spec.Slice, e => e.Name), optimizer);
        Hold(new HeldSlice(Key, spec, state));
        if (spec.HasTeacher)
            Copy.Teacher = await Beside.Me(self.Name, () => Teacher.Restore(tensors, version));
    }

    public Task<Payload> Pull(long version) => Held.Version == version
        ? Task.FromResult(_published.Now)
        : throw new OutdatedException($"Slice {Key} is at version {Held.Version}; version {version} is over.");

    public async Task Push(PartialSum sum)
    {
        var held = Held;
        if (!held.Wants(sum) || !Counts(sum))
            return;
        var values = held.Sums.Rent();
        try
        {
            await payloads.Take(sum.Values, values);
        }
        catch
        {
            held.Sums.Return(values);
            throw;
        }

        // The slice may have gone on, or begun anew, meanwhile.
        if (held == _held && held.Wants(sum) && Counts(sum))
            held.Sums.Add(sum, values);
        else
            held.Sums.Return(values);
    }

    public async Task<SliceCommit> Measure(long step)
    {
        if (_held?.Last is { } last && last.Version == step + 1)
            return last;
        await DemandSound();
        var (held, measured) = (Held, Held.Measure(step));
        if (held.Spec.Recipe.Workers.WarmCopies)
        {
            if (_prepared.Step != step || _prepared.Task.IsFaulted)
                _prepared = (step, Copy.Prepare(step, held.Sums.Total, held.Spec.Recipe.Workers.Verify > 0, () => Whole(held)));
            await _prepared.Task;
        }

        return measured with { CopyOn = Copy.On, Trouble = Copy.TakeTrouble() };
    }

    public Task Intend(StepIntent intent)
    {
        Held.Intent = intent;
        return Copy.Intend(intent);
    }

    public async Task<SliceCommit> Apply(StepSchedule rates, double clip)
    {
        var held = Held;
        var applied = held.Last is { } last && last.Version == rates.Step + 1 ? last : null;
        if (applied is null)
            held.Measure(rates.Step);
        var copying = Copy.Apply(rates, clip);
        if (applied is null)
        {
            applied = held.Apply(rates, clip);
            _published.Publish(held.State.Parameters, applied.Hash);
        }

        if (held.Spec.HasTeacher)
            Copy.Teacher = await Beside.Me(self.Name, () => Teacher.Follow(rates.Step, rates.TeacherMomentum, _published.Now));
        if (await copying is { } copied && copied.Hash != applied.Hash)
        {
            throw new UserErrorException(
                $"Slice {Key} has weights {applied.Hash} after step {rates.Step} on silo {self.Name}, its warm copy on {Copy.On} has {copied.Hash}: "
                + "one of the two machines computes wrongly; look at their memory and processors, then resume the run without the bad one.");
        }

        return applied;
    }

    public Task<DrawnSum[]> Drawn(long step) => step == Held.Version && Held.Sums.IsComplete
        ? Task.FromResult(Held.Sums.Drawn.ToArray())
        : throw new StateLostException($"Slice {Key} is at version {Held.Version} and lacks micro-batches of step {step}.");

    public Task Discard(long step, long attempt)
    {
        _only = (step, attempt);
        if (_held?.Version == step)
        {
            _held.Discard();
            _prepared = (-1, Task.CompletedTask);
        }

        return Task.CompletedTask;
    }

    public Task<SliceSnapshot> Snapshot()
    {
        var vectors = new Dictionary<string, Payload> { [CheckpointReader.Parameters] = payloads.Lend(Held.State.Parameters) };
        foreach (var (name, values) in Held.State.OptimizerState)
            vectors[name] = payloads.Lend(values);
        return Task.FromResult(new SliceSnapshot(Held.Version, vectors));
    }

    public Task<SliceStand> Stand() => Task.FromResult((_held?.Stand ?? SliceStand.Nothing) with { Trouble = Copy.Trouble });

    public Task<SliceFacts> GetState() => Task.FromResult(_held?.Facts(Copy.On) ?? new SliceFacts(-1, "", 0, 0, null, "", "its first values, or a checkpoint's"));

    /// <summary>A sum of a try that was given up may still be on its way here.</summary>
    private bool Counts(PartialSum sum) => _only is not { } only || only.Step != sum.Step || only.Attempt == sum.Attempt;

    private SliceSpec Begin(string recipe, TensorEntry[] tensors)
    {
        (_held, _prepared) = (null, (-1, Task.CompletedTask));
        return _spec = SliceSpec.Of(Key.Slice, recipe, tensors);
    }

    private void Hold(HeldSlice held)
    {
        _held = held;
        _published.Publish(held.State.Parameters, held.Last?.Hash);
    }

    /// <summary>A slice that wakes up without values, because the silo that had them died, takes them from the warm copy.</summary>
    private async Task TakeCopysPlace()
    {
        if (await Copy.Best() is not ({ } copy, { } stand))
            return;
        var slice = Key.Slice;
        var origin = await copy.Origin(slice);
        var spec = Begin(origin.Recipe, origin.Tensors);
        var state = new SliceState(spec.Recipe, spec.Slice, new float[spec.Slice.Length]);
        var optimizer = new Dictionary<string, float[]>();
        foreach (var (name, _) in state.OptimizerState)
            optimizer[name] = await Read(name);
        state.Restore(stand.Version, await Read(CheckpointReader.Parameters), optimizer);
        var held = new HeldSlice(Key, spec, state, stand.Last) { Intent = stand.Intent };
        if (stand.Prepared == stand.Version)
            held.Sums.Complete(await Read(SliceOrigin.Sum));
        Hold(held);

        async Task<float[]> Read(string vector) => await payloads.Take(await copy.Read(slice, stand.Version, vector));
    }

    /// <summary>
    /// A slice whose values are no longer those of its last commit takes those of its warm copy, and the step is computed again: what the
    /// workers pulled may have been wrong already.
    /// </summary>
    private async Task DemandSound()
    {
        if (Held.IsSound(() => _published.Hash))
            return;
        _held = null;
        await TakeCopysPlace();
        throw new StateLostException(
            $"Slice {Key} on {self.Name} has other bits than at its last commit: look at the memory of that machine; "
            + (_held is null ? "the slice is restored from the last checkpoint." : "the slice took the values of its warm copy."));
    }

    /// <summary>All that a copy needs to begin.</summary>
    private async Task<(SliceOrigin Origin, SliceStand Stand, IReadOnlyDictionary<string, Payload> Vectors)> Whole(HeldSlice held)
    {
        var spec = held.Spec;
        var vectors = (await Snapshot()).Vectors;
        if (spec.HasTeacher)
            vectors[CheckpointReader.Teacher] = (await Teacher.Snapshot()).Vectors[CheckpointReader.Teacher];
        return (new SliceOrigin(spec.Slice.Index, spec.Text, [.. spec.Slice.Entries]), await Stand(), vectors);
    }
}
