using System.Globalization;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Runs;

/// <summary>All grains that hold what a commit changes: parameter slices, teacher slices, method state.</summary>
internal sealed class SliceSet(IGrainFactory grains, PayloadStore payloads, string run, string recipe, RunShape shape, int slices)
{
    private readonly ParameterLayout _layout = new(shape.Tensors, slices);

    private IEnumerable<(LayoutSlice Slice, IParameterGrain Grain)> Parameters
        => _layout.Slices.Select(s => (s, grains.GetGrain<IParameterGrain>($"{new SliceKey(run, s.Index)}")));

    private IEnumerable<(LayoutSlice Slice, ITeacherGrain Grain)> Teachers
        => _layout.Slices.Where(s => s.Entries.Any(e => e.Followed)).Select(s => (s, grains.GetGrain<ITeacherGrain>($"{new SliceKey(run, s.Index)}")));

    /// <summary>The grains of the method's state, each with the shapes of what it holds.</summary>
    private IEnumerable<(IVersionedStateGrain Grain, StateValue[] Own)> States => Split(shape.InitialState);

    private IEnumerable<(IVersionedStateGrain Grain, StateValue[] Own)> Split(StateValue[] state)
    {
        if (state.Where(v => v.Kind == StateKind.Queue).ToArray() is { Length: > 0 } queues)
            yield return (grains.GetGrain<INegativeQueueGrain>(run), queues);
        if (state.Where(v => v.Kind != StateKind.Queue).ToArray() is { Length: > 0 } values)
            yield return (grains.GetGrain<IMethodStateGrain>(run), values);
    }

    /// <summary>Puts the method's initial state in place; the slices get theirs from a worker.</summary>
    public Task CreateState(StateValue[] initial) => Task.WhenAll(Split(initial).Select(s => s.Grain.Create(s.Own)));

    public Task Restore(long version)
        => Task.WhenAll([
            .. Parameters.Select(p => MovingGrains.Ask(() => p.Grain.Restore(recipe, [.. p.Slice.Entries], version))),
            .. States.Select(s => MovingGrains.Ask(() => s.Grain.Restore(s.Own, version))),
        ]);

    /// <summary>By slice, the drawn micro-batches' sums that the complete sum is made of.</summary>
    public Task<DrawnSum[][]> Drawn(long step) => Task.WhenAll(Parameters.Select(p => MovingGrains.Ask(() => p.Grain.Drawn(step))));

    /// <summary>Forgets what came of a step; only sums of this try at it count from then on.</summary>
    public Task Discard(long step, long attempt) => Task.WhenAll(Parameters.Select(p => MovingGrains.Ask(() => p.Grain.Discard(step, attempt))));

    /// <summary>Squares of the gradient by slice; every slice's warm copy has the sum then.</summary>
    public Task<SliceCommit[]> Measure(long step) => Task.WhenAll(Parameters.Select(p => MovingGrains.Ask(() => p.Grain.Measure(step))));

    /// <summary>Leaves with the first slice what is about to be committed.</summary>
    public Task Intend(StepIntent intent) => MovingGrains.Ask(() => Parameters.First().Grain.Intend(intent));

    /// <summary>Where everything stands; what lost its silo has taken its warm copy's place by then, or stands at −1.</summary>
    public async Task<RunStand> Stand()
    {
        var slices = Task.WhenAll(Parameters.Select(p => MovingGrains.Ask(() => p.Grain.Stand())));
        var others = Task.WhenAll([.. Teachers.Select(t => MovingGrains.Ask(() => t.Grain.Stand())), .. States.Select(s => MovingGrains.Ask(() => s.Grain.Stand()))]);
        return new RunStand(await slices, await others, _layout.HashedSlices);
    }

    /// <summary>Commits a step everywhere; a repeated call changes nothing.</summary>
    /// <returns>What the slices tell, and the hash of the new version.</returns>
    public async Task<(SliceCommit[] Slices, string Hash)> Apply(StepIntent intent)
    {
        var states = Task.WhenAll(States.Select(s => MovingGrains.Ask(() => s.Grain.Advance(
            new StateStep(intent.Rates.Step, [.. intent.Advance.Where(c => s.Own.Any(v => v.Name == c.Name))])))));
        var commits = await Task.WhenAll(Parameters.Select(p => MovingGrains.Ask(() => p.Grain.Apply(intent.Rates, intent.Clip))));
        await states;
        return (commits, Combine(commits.Take(_layout.HashedSlices).Select(c => c.Hash)));
    }

    /// <summary>Hash of the weights from those of the slices, in their order.</summary>
    public static string Combine(IEnumerable<string> slices)
        => WeightsHashing.Combine(slices.Select(h => UInt128.Parse(h, NumberStyles.HexNumber, CultureInfo.InvariantCulture)));

    /// <summary>Everything that a checkpoint holds; the copies are made at once, so training can go on while they are written.</summary>
    public async Task<CheckpointContent> Snapshot(long version, string hash)
    {
        var parameters = new Dictionary<string, CheckpointTensor>();
        var optimizer = new Dictionary<string, CheckpointTensor>();
        var teacher = new Dictionary<string, CheckpointTensor>();
        var method = new Dictionary<string, CheckpointTensor>();
        foreach (var (slice, grain) in Parameters)
        {
            foreach (var (vector, values) in await Taken(grain.Snapshot))
                Cut(slice, values, e => true, vector == CheckpointReader.Parameters ? parameters : optimizer, vector == CheckpointReader.Parameters ? "" : vector + ".");
        }

        foreach (var (slice, grain) in Teachers)
            Cut(slice, (await Taken(grain.Snapshot))[CheckpointReader.Teacher], e => e.Followed, teacher, "");
        foreach (var (grain, _) in States)
        {
            await MovingGrains.Ask(async () =>
            {
                foreach (var value in await grain.Snapshot(version))
                    method[value.Name] = new CheckpointTensor(value.Shape, await payloads.Take(value.Values), value.Pushed);
            });
        }

        return new CheckpointContent(version, hash, parameters, optimizer, teacher, method);
    }

    /// <summary>A slice that moves on the way is asked again.</summary>
    private Task<Dictionary<string, float[]>> Taken(Func<Task<SliceSnapshot>> snapshot) => MovingGrains.Ask(async () =>
    {
        var taken = new Dictionary<string, float[]>();
        foreach (var (vector, values) in (await snapshot()).Vectors)
            taken[vector] = await payloads.Take(values);
        return taken;
    });

    private static void Cut(LayoutSlice slice, float[] values, Func<TensorEntry, bool> which, Dictionary<string, CheckpointTensor> into, string prefix)
    {
        foreach (var entry in slice.Entries.Where(which))
            into[prefix + entry.Name] = new CheckpointTensor([.. entry.Shape], values.AsSpan(entry.Offset - slice.Offset, entry.Length).ToArray());
    }
}
