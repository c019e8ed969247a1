using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Meters;

namespace SslOrleans.Grains.Parameters;

/// <summary>What a slice does for the comparison of sums before they count.</summary>
public sealed partial class ParameterGrain
{
    private (long Step, long Attempt)? _only;
    private string _digest = "";

    public Task<DrawnSum[]> Drawn(long step)
    {
        if (step != State.Version || !_sums!.IsComplete)
            throw new StateLostException($"Slice {this.GetPrimaryKeyString()} is at version {State.Version} and lacks micro-batches of step {step}.");
        return Task.FromResult(_sums.Drawn.ToArray());
    }

    public Task Discard(long step, long attempt)
    {
        _only = (step, attempt);
        if (_state?.Version == step)
        {
            _sums!.Clear();
            _measured = null;
            _prepared = (-1, Task.CompletedTask);
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// A slice whose values are no longer those of its last commit takes those of its warm copy, and the step is computed again: what the
    /// workers pulled may have been wrong already.
    /// </summary>
    private async Task DemandSound()
    {
        if (_digest.Length == 0 || (SliceCommits.Digest(State, null) == _digest && PublishedHash == SliceCommits.Hash(State)))
            return;
        _state = null;
        await TakeCopysPlace();
        throw new StateLostException(
            $"Slice {this.GetPrimaryKeyString()} on {self.Name} has other bits than at its last commit: look at the memory of that machine; "
            + (_state is null ? "the slice is restored from the last checkpoint." : "the slice took the values of its warm copy."));
    }

    private string PublishedHash => Published.IsHere ? Facts.Hash(Payload.Floats(Published.Here.Value)) : Published.Hash;

    private void Remember() => _digest = _recipe!.Workers.Verify > 0 ? SliceCommits.Digest(State, null) : "";

    private string TakeTrouble()
    {
        var trouble = Copy.Trouble;
        Copy.Trouble = "";
        return trouble;
    }

    /// <summary>A sum of a try that was given up may still be on its way here.</summary>
    private bool Counts(PartialSum part) => _only is not { } only || only.Step != part.Step || only.Attempt == part.Attempt;
}
