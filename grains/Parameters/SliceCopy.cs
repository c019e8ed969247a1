using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Meters;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Parameters;

/// <summary>A slice's warm copy: parameters, optimiser state and teacher at a version, and the sum that brings them to the next.</summary>
internal sealed class SliceCopy
{
    private readonly LayoutSlice _slice;
    private readonly SliceState _state;
    private readonly SliceStand _begun;
    private readonly Dictionary<string, float[]> _arriving = [];
    private readonly HashSet<string> _here = [];
    private float[] _sum = [];
    private TeacherState? _teacher;
    private SliceCommit? _last;
    private long _sumStep = -1;
    private bool _whole;
    private readonly bool _verified;
    private string _digest = "";
    private (long Step, string Hash) _checked = (-1, "");

    public SliceCopy(string run, SliceOrigin origin, SliceStand stand)
    {
        (Origin, _begun, _last, Intent) = (origin, stand, stand.Last, stand.Intent);
        _slice = LayoutSlice.Of(origin.Slice, origin.Tensors);
        var recipe = RecipeReader.Parse(origin.Recipe);
        _verified = recipe.Workers.Verify > 0;
        _state = new SliceState(recipe, _slice, new float[_slice.Length]);
        foreach (var vector in Vectors(_state, _slice))
            _arriving[vector] = new float[_slice.Length];
    }

    public SliceOrigin Origin { get; }

    public StepIntent? Intent { get; set; }

    /// <summary>Names of all that a slice holds at a version.</summary>
    public static IEnumerable<string> Vectors(SliceState state, LayoutSlice slice)
        => [CheckpointReader.Parameters, .. state.OptimizerState.Select(o => o.Name), .. slice.Entries.Any(e => e.Followed) ? [CheckpointReader.Teacher] : Array.Empty<string>()];

    public SliceStand Stand => _whole
        ? new SliceStand(_state.Version, _last?.Hash ?? _begun.Hash, _last, _sumStep, Intent)
        : SliceStand.Nothing;

    public async Task Fill(string vector, Payload values, PayloadStore payloads)
    {
        if (_whole)
            return;
        await payloads.Take(values, _arriving[vector]);
        _here.Add(vector);
        if (_whole || _here.Count < _arriving.Count)
            return;
        _state.Restore(_begun.Version, _arriving[CheckpointReader.Parameters], _arriving);
        if (_arriving.TryGetValue(CheckpointReader.Teacher, out var teacher))
            _teacher = new TeacherState(_slice.Entries, _slice.Offset, teacher, _begun.Version);
        _arriving.Clear();
        _whole = true;
        Remember();
    }

    public async Task Prepare(long step, Payload sum, PayloadStore payloads)
    {
        if (step < _state.Version || step == _sumStep)
            return;
        Demand(step);
        var values = await payloads.Take(sum);
        if (step < _state.Version)
            return;
        _sum = values;
        _sumStep = step;
        _checked = (-1, "");
    }

    /// <summary>The values are those of the last commit, and the sum the one that was checked; always true without workers.verify.</summary>
    public bool IsSound => !_verified || !_whole
        || (SliceCommits.Digest(_state, _teacher) == _digest && (_checked.Step < 0 || Facts.Hash(_sum) == _checked.Hash));

    /// <summary>See <see cref="IWarmCopyGrain.Check"/>.</summary>
    public string Check(long step)
    {
        if (Stand.Prepared != step || !IsSound)
            return "";
        _checked = (step, Facts.Hash(_sum));
        return _checked.Hash;
    }

    public SliceCommit Apply(StepSchedule rates, double clip)
    {
        if (_last is { } last && last.Version == rates.Step + 1)
            return last;
        Demand(rates.Step);
        if (Stand.Prepared != rates.Step)
            throw new StateLostException($"The warm copy of slice {Origin.Slice} lacks the sum of step {rates.Step}.");
        _last = SliceCommits.Apply(_state, SliceCommits.Measure(_state, _sum), rates, clip, _sum);
        _teacher?.Follow(rates.Step, rates.TeacherMomentum, _state.Parameters);
        _sumStep = -1;
        Remember();
        return _last;
    }

    public Payload Read(long version, string vector, PayloadStore payloads)
    {
        if (!_whole || _state.Version != version)
            throw new OutdatedException($"The warm copy of slice {Origin.Slice} is not at version {version}.");
        return payloads.Lend(Vector(vector));
    }

    private float[] Vector(string name) => name switch
    {
        SliceOrigin.Sum => _sum,
        CheckpointReader.Parameters => _state.Parameters,
        CheckpointReader.Teacher when _teacher is not null => _teacher.Values,
        _ => _state.OptimizerState.First(o => o.Name == name).Values,
    };

    private void Remember()
    {
        _checked = (-1, "");
        if (_verified)
            _digest = SliceCommits.Digest(_state, _teacher);
    }

    private void Demand(long step)
    {
        if (!_whole || step != _state.Version)
            throw new StateLostException($"The warm copy of slice {Origin.Slice} is {(_whole ? $"at version {_state.Version}" : "not whole")} and cannot take step {step}.");
    }
}
