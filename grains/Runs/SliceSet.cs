using System.Globalization;
using Orleans;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Parameters;
using SslOrleans.Grains.Records;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Runs;

/// <summary>All grains that hold what a commit changes: parameter slices, teacher slices, method state.</summary>
internal sealed class SliceSet(IGrainFactory grains, string run, string recipe, RunShape shape, int slices)
{
    private readonly ParameterLayout _layout = new(TensorPlaces.Entries(shape.Tensors), slices);

    private IEnumerable<(LayoutSlice Slice, IParameterGrain Grain)> Parameters
        => _layout.Slices.Select(s => (s, grains.GetGrain<IParameterGrain>($"{run}/{s.Index}")));

    private IEnumerable<(LayoutSlice Slice, ITeacherGrain Grain)> Teachers
        => _layout.Slices.Where(s => s.Entries.Any(e => e.Followed)).Select(s => (s, grains.GetGrain<ITeacherGrain>($"{run}/{s.Index}")));

    private IEnumerable<(IVersionedStateGrain Grain, int[] Own)> States
    {
        get
        {
            var queues = Enumerable.Range(0, shape.StateKinds.Length).Where(i => shape.StateKinds[i] == (int)StateKind.Queue).ToArray();
            var values = Enumerable.Range(0, shape.StateKinds.Length).Except(queues).ToArray();
            if (queues.Length > 0)
                yield return (grains.GetGrain<INegativeQueueGrain>(run), queues);
            if (values.Length > 0)
                yield return (grains.GetGrain<IMethodStateGrain>(run), values);
        }
    }

    /// <summary>Puts the method's initial state in place; the slices get theirs from a worker.</summary>
    public Task CreateState(StateValue[] initial)
        => Task.WhenAll(States.Select(s => s.Grain.Create([.. s.Own.Select(i => initial[i])], [.. s.Own.Select(i => shape.StateKinds[i])])));

    public Task Restore(long version)
        => Task.WhenAll([
            .. Parameters.Select(p => p.Grain.Restore(recipe, TensorPlaces.Of(p.Slice.Entries), version)),
            .. States.Select(s => s.Grain.Restore([.. s.Own.Select(i => shape.InitialState[i])], [.. s.Own.Select(i => shape.StateKinds[i])], version)),
        ]);

    public Task<SliceCommit[]> Measure(long step) => Task.WhenAll(Parameters.Select(p => p.Grain.Measure(step)));

    /// <summary>Commits a step everywhere; a repeated call changes nothing.</summary>
    /// <returns>What the slices tell, and the hash of the new version.</returns>
    public async Task<(SliceCommit[] Slices, string Hash)> Apply(StepRates rates, double clip, StateChangeBlock[] advance)
    {
        var states = States.Select(s => s.Grain.Advance(
            new StateStep(rates.Step, [.. advance.Where(c => s.Own.Any(i => shape.InitialState[i].Name == c.Name))])));
        var commits = await Task.WhenAll(Parameters.Select(p => p.Grain.Apply(rates, clip)));
        await Task.WhenAll(states);
        return (commits, WeightsHashing.Combine(commits.Take(_layout.HashedSlices).Select(c => UInt128.Parse(c.Hash, NumberStyles.HexNumber, CultureInfo.InvariantCulture))));
    }

    /// <summary>Everything that a checkpoint holds; the copies are made at once, so training can go on while they are written.</summary>
    public async Task<CheckpointContent> Snapshot(long version, string hash)
    {
        var parameters = new Dictionary<string, CheckpointTensor>();
        var optimizer = new Dictionary<string, CheckpointTensor>();
        var teacher = new Dictionary<string, CheckpointTensor>();
        var method = new Dictionary<string, CheckpointTensor>();
        foreach (var (slice, grain) in Parameters)
        {
            var snapshot = await grain.Snapshot();
            foreach (var (vector, bytes) in snapshot.Vectors)
                Cut(slice, bytes.Value, e => true, vector == CheckpointReader.Parameters ? parameters : optimizer, vector == CheckpointReader.Parameters ? "" : vector + ".");
        }

        foreach (var (slice, grain) in Teachers)
            Cut(slice, (await grain.Snapshot()).Vectors[CheckpointReader.Teacher].Value, e => e.Followed, teacher, "");
        foreach (var (grain, _) in States)
        {
            foreach (var value in await grain.Snapshot(version))
                method[value.Name] = new CheckpointTensor(value.Shape, Parts.Floats(value.Values.Value).ToArray(), value.Pushed);
        }

        return new CheckpointContent(version, hash, parameters, optimizer, teacher, method);
    }

    private static void Cut(LayoutSlice slice, byte[] bytes, Func<TensorEntry, bool> which, Dictionary<string, CheckpointTensor> into, string prefix)
    {
        foreach (var entry in slice.Entries.Where(which))
            into[prefix + entry.Name] = new CheckpointTensor([.. entry.Shape], Parts.Floats(bytes).Slice(entry.Offset - slice.Offset, entry.Length).ToArray());
    }
}
