using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.State;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>
/// A worker's copy of a version: parameters, teacher and method state. It pulls what it lacks; a teacher that is one step behind
/// it brings up itself, with the code that the teacher grain runs.
/// </summary>
internal sealed class ParameterReplica(string run, RunPlan plan, ParameterLayout layout, IReadOnlyList<StateSpec> specs, IGrainFactory grains, PayloadStore payloads)
{
    private StateStore? _queues;
    private StateStore? _values;
    private TeacherState? _teacher;

    /// <summary>Version of everything here; −1 before the first.</summary>
    public long Version { get; private set; } = -1;

    public float[] Parameters { get; } = new float[layout.Length];

    public float[] Teacher => _teacher?.Values ?? [];

    public IEnumerable<StateStore> Stores => new[] { _queues, _values }.OfType<StateStore>();

    /// <summary>Brings everything to a version; <paramref name="anew"/> also when it is there.</summary>
    public async Task BringTo(long version, bool anew = false)
    {
        if (Version == version && !anew)
            return;
        var previous = Version;
        Version = -1;
        await Pull(slice => Slice<IParameterGrain>(slice).Pull(version), Parameters);
        if (layout.HasTeacher)
            await BringTeacherTo(version, previous);
        _queues = await BringStateTo(_queues, specs.Where(s => s.Kind == StateKind.Queue), grains.GetGrain<INegativeQueueGrain>(run), version);
        _values = await BringStateTo(_values, specs.Where(s => s.Kind != StateKind.Queue), grains.GetGrain<IMethodStateGrain>(run), version);
        Version = version;
    }

    private async Task BringTeacherTo(long version, long previous)
    {
        if (_teacher is not null && previous == version - 1 && _teacher.Version == previous)
        {
            _teacher.Follow(previous, plan.Schedule(previous).TeacherMomentum, Parameters);
            return;
        }

        var values = new float[layout.Length];
        await Pull(slice => Slice<ITeacherGrain>(slice).Pull(version), values, s => s.Entries.Any(e => e.Followed));
        _teacher = new TeacherState(layout.Entries, 0, values, version);
    }

    private async Task<StateStore?> BringStateTo(StateStore? store, IEnumerable<StateSpec> wanted, IVersionedStateGrain grain, long version)
    {
        if (!wanted.Any())
            return null;
        return await MovingGrains.Ask(async () =>
        {
            var news = await grain.Since(store?.Version ?? -1, version);
            if (news.Whole.Length > 0)
                return await StateBlocks.Store(news.Whole, version, payloads);
            foreach (var step in news.Steps)
                store!.Advance(step.Step, StateBlocks.Update(step.Changes));
            return store;
        });
    }

    private Task Pull(Func<int, Task<Payload>> pull, float[] into, Func<LayoutSlice, bool>? which = null)
        => Task.WhenAll(layout.Slices.Where(s => which?.Invoke(s) ?? true)
            .Select(s => MovingGrains.Ask(async () => await payloads.Take(await pull(s.Index), into.AsMemory(s.Offset, s.Length)))));

    private T Slice<T>(int slice)
        where T : IGrainWithStringKey
        => grains.GetGrain<T>($"{new SliceKey(run, slice)}");
}
