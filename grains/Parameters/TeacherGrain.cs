using Orleans.Concurrency;
using Orleans.Placement;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Meters;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Transfer;
using SslOrleans.Grains.WarmCopies;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Parameters;

/// <summary>The EMA teacher's slice: follows the student's slice of the same key, once per step, on the same silo.</summary>
[OnBestParameterSilo]
[Reentrant]
[KeepAlive]
[Immovable]
public sealed class TeacherGrain(IRunStorage storage, ParameterSilos silos, ILocalSiloDetails self, PayloadStore payloads) : Grain, ITeacherGrain
{
    private LayoutSlice? _slice;
    private TeacherState? _state;
    private double _distance;
    private (long Version, KeptPayload Values)? _published;

    private SliceKey Key => SliceKey.Parse(this.GetPrimaryKeyString());

    private TeacherState State => _state
        ?? throw new StateLostException($"Teacher slice {this.GetPrimaryKeyString()} holds nothing; it is restored from the last checkpoint.");

    /// <summary>A teacher that wakes up without values takes those of the warm copy of its slice.</summary>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (await new WarmCopy(GrainFactory, silos, payloads, self.Name, Key).Best() is not ({ } copy, { } stand))
            return;
        var slice = LayoutSlice.Of(Key.Slice, (await copy.Origin(Key.Slice)).Tensors);
        var values = await payloads.Take(await copy.Read(Key.Slice, stand.Version, CheckpointReader.Teacher));
        _slice = slice;
        _state = new TeacherState(slice.Entries, slice.Offset, values, stand.Version);
    }

    public async Task<string> Create(TensorEntry[] tensors, long version, Payload student)
    {
        var values = await payloads.Take(student);
        _slice = LayoutSlice.Of(Key.Slice, tensors);
        _state = new TeacherState(_slice.Entries, _slice.Offset, values, version);
        return self.Name;
    }

    public async Task<string> Restore(TensorEntry[] tensors, long version)
    {
        _slice = LayoutSlice.Of(Key.Slice, tensors);
        var reader = await CheckpointReader.Open(storage, Key.Run, version, CheckpointReader.Teacher);
        _state = new TeacherState(_slice.Entries, _slice.Offset, reader.Vector(CheckpointReader.Teacher, _slice, e => e.Name), version);
        return self.Name;
    }

    public async Task<string> Follow(long step, double momentum, Payload student)
    {
        if (step < State.Version)
            return self.Name;
        var values = await payloads.Take(student);
        if (State.Follow(step, momentum, values))
        {
            var difference = values;
            foreach (var entry in _slice!.Entries.Where(e => !e.Followed))
                difference.AsSpan(entry.Offset - _slice.Offset, entry.Length).Clear();
            foreach (var entry in _slice.Entries.Where(e => e.Followed))
            {
                for (var i = entry.Offset - _slice.Offset; i < entry.Offset - _slice.Offset + entry.Length; i++)
                    difference[i] -= State.Values[i];
            }

            _distance = Math.Sqrt(FixedOrder.SumOfSquares(difference));
        }

        return self.Name;
    }

    public Task<Payload> Pull(long version)
    {
        if (State.Version != version)
            throw new OutdatedException($"Teacher slice {this.GetPrimaryKeyString()} is at version {State.Version}; version {version} is over.");
        if (_published?.Version != version)
        {
            _published?.Values.Dispose();
            _published = (version, payloads.Keep(State.Values));
        }

        return Task.FromResult(_published.Value.Values.Payload);
    }

    public Task<SliceSnapshot> Snapshot()
        => Task.FromResult(new SliceSnapshot(State.Version, new()
        {
            [CheckpointReader.Teacher] = payloads.Lend(State.Values),
        }));

    public Task<long> Stand() => Task.FromResult(_state?.Version ?? -1);

    public Task<TeacherFacts> GetState() => Task.FromResult(_state is null
        ? new TeacherFacts(-1, "", 0, 0, null, 0, null, "its first values, or a checkpoint's")
        : new TeacherFacts(
            State.Version,
            Facts.Hash(State.Values),
            _slice!.Entries.Count(e => e.Followed),
            sizeof(float) * (long)State.Values.Length,
            Facts.Norm(State.Values),
            State.Momentum,
            Facts.Finite(_distance),
            $"step {State.Version}: the commit of its slice"));
}
