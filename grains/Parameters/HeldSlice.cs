using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Steps;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Parameters;

/// <summary>A slice with its values: parameters and optimiser state at a version, and the sums of the step that leads to the next.</summary>
/// <param name="key">Of its grain.</param>
/// <param name="spec">What it is of.</param>
/// <param name="state">Its values.</param>
/// <param name="last">The last commit; null where it is not known.</param>
internal sealed class HeldSlice(SliceKey key, SliceSpec spec, SliceState state, SliceCommit? last = null)
{
    private readonly bool _verified = spec.Recipe.Workers.Verify > 0;
    private SliceCommit? _measured;
    private string _digest = spec.Recipe.Workers.Verify > 0 ? SliceCommits.Digest(state, null) : "";

    public SliceSpec Spec => spec;

    public SliceState State => state;

    public long Version => state.Version;

    public IncomingSums Sums { get; } = new(spec.Slice.Length, spec.Recipe.Batch.MicroBatches);

    public SliceCommit? Last { get; private set; } = last;

    public string Hash => Last?.Hash ?? SliceCommits.Hash(state);

    /// <summary>What the run was about to commit.</summary>
    public StepIntent? Intent { get; set; }

    /// <summary>The values are those of the last commit; always true without <c>workers.verify</c>.</summary>
    /// <param name="published">Hash of what readers get.</param>
    public bool IsSound(Func<string> published) => !_verified || (SliceCommits.Digest(state, null) == _digest && published() == SliceCommits.Hash(state));

    /// <summary>The step's sum is wanted and not here yet.</summary>
    /// <exception cref="StateLostException">It belongs to a step that this slice does not know of.</exception>
    public bool Wants(PartialSum sum)
        => sum.Step > Version
            ? throw new StateLostException($"Slice {key} is at version {Version} and got a gradient of step {sum.Step}.")
            : sum.Step == Version && !Sums.Covers(sum.Leaves);

    /// <summary>Forgets the sums of the step.</summary>
    public void Discard()
    {
        Sums.Clear();
        _measured = null;
    }

    /// <exception cref="StateLostException">The step is another one, or its sum is not complete.</exception>
    public SliceCommit Measure(long step)
    {
        if (step != Version)
            throw new StateLostException($"Slice {key} is at version {Version}, not at step {step}.");
        if (!Sums.IsComplete)
            throw new StateLostException($"Slice {key} lacks micro-batches of step {step}.");
        return _measured ??= SliceCommits.Measure(state, Sums.Total);
    }

    /// <summary>Applies the optimiser; the slice is at the next version then.</summary>
    public SliceCommit Apply(StepSchedule rates, double clip)
    {
        Last = SliceCommits.Apply(state, Measure(rates.Step), rates, clip, Sums.Total);
        Discard();
        if (_verified)
            _digest = SliceCommits.Digest(state, null);
        return Last;
    }

    public SliceStand Stand => new(Version, Hash, Last, Sums.IsComplete ? Version : -1, Intent);

    /// <param name="copyOn">Silo of the warm copy.</param>
    public SliceFacts Facts(string copyOn) => new(
        Version,
        Hash,
        spec.Slice.Entries.Count,
        sizeof(float) * (long)spec.Slice.Length * (1 + state.OptimizerState.Count()),
        Meters.Facts.Norm(state.Parameters),
        copyOn,
        $"step {Version}: {(Sums.IsComplete ? "its commit" : $"micro-batches {string.Join(", ", StepPlanner.Cover(spec.Recipe.Batch.MicroBatches, Sums.Missing))}")}");
}
