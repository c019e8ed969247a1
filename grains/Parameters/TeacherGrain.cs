using System.Runtime.InteropServices;
using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Meters;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Optim;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Parameters;

/// <summary>The EMA teacher's slice: follows the student's slice of the same key, once per step, on the same silo.</summary>
[OnBestParameterSilo]
[Reentrant]
[KeepAlive]
[Immovable]
public sealed class TeacherGrain(IRunStorage storage, ParameterSilos silos, ILocalSiloDetails self) : Grain, ITeacherGrain
{
    private LayoutSlice? _slice;
    private TeacherState? _state;
    private double _distance;

    private string Run => this.GetPrimaryKeyString()[..this.GetPrimaryKeyString().LastIndexOf('/')];

    private TeacherState State => _state
        ?? throw new StateLostException($"Teacher slice {this.GetPrimaryKeyString()} holds nothing; it is restored from the last checkpoint.");

    /// <summary>A teacher that wakes up without values takes those of the warm copy of its slice.</summary>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        if (await new WarmCopy(GrainFactory, silos, self.Name, key).Best() is not ({ } copy, { } stand))
            return;
        var index = int.Parse(key[(Run.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
        var slice = TensorPlaces.Slice(key, (await copy.Origin(index)).Tensors);
        var values = new float[slice.Length];
        for (var part = 0; part < Parts.Count(values.Length); part++)
            Parts.Place(await copy.Read(index, stand.Version, CheckpointReader.Teacher, part), part, values);
        _slice = slice;
        _state = new TeacherState(slice.Entries, slice.Offset, values, stand.Version);
    }

    public Task<string> Create(TensorPlace[] tensors, long version, Immutable<byte[]>[] student)
    {
        _slice = TensorPlaces.Slice(this.GetPrimaryKeyString(), tensors);
        _state = new TeacherState(_slice.Entries, _slice.Offset, Join(student), version);
        return Task.FromResult(self.Name);
    }

    public async Task<string> Restore(TensorPlace[] tensors, long version)
    {
        _slice = TensorPlaces.Slice(this.GetPrimaryKeyString(), tensors);
        var reader = await CheckpointReader.Open(storage, Run, version, CheckpointReader.Teacher);
        _state = new TeacherState(_slice.Entries, _slice.Offset, reader.Vector(CheckpointReader.Teacher, _slice, e => e.Name), version);
        return self.Name;
    }

    public Task<string> Follow(long step, double momentum, Immutable<byte[]>[] student)
    {
        var values = Join(student);
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

        return Task.FromResult(self.Name);
    }

    public Task<Immutable<byte[]>> Pull(long version, int part)
    {
        if (State.Version != version)
            throw new OutdatedException($"Teacher slice {this.GetPrimaryKeyString()} is at version {State.Version}; version {version} is over.");
        return Task.FromResult(Parts.Cut(State.Values, part));
    }

    public Task<SliceSnapshot> Snapshot()
        => Task.FromResult(new SliceSnapshot(State.Version, new()
        {
            [CheckpointReader.Teacher] = new Immutable<byte[]>(MemoryMarshal.AsBytes(State.Values.AsSpan()).ToArray()),
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

    private float[] Join(Immutable<byte[]>[] parts)
    {
        var values = new float[_slice!.Length];
        for (var p = 0; p < parts.Length; p++)
            Parts.Place(parts[p], p, values);
        return values;
    }
}
