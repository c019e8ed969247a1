using System.Runtime.InteropServices;
using Orleans.Concurrency;
using Orleans.Placement;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Placement;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.State;

/// <summary>The meetings of the step that a run computes.</summary>
[OnParameterSilo]
[Reentrant]
[Immovable]
public sealed class BatchMeetingGrain : Grain, IBatchMeetingGrain
{
    private StepMeetings? _meetings;
    private (long Step, long Attempt) _open = (-1, 0);

    public Task Open(long step, long attempt, int microBatches)
    {
        if ((step, attempt) == _open)
            return Task.CompletedTask;
        _meetings?.End(new OutdatedException($"Step {_open.Step} of run {this.GetPrimaryKeyString()} is over."));
        _meetings = new StepMeetings(microBatches);
        _open = (step, attempt);
        return Task.CompletedTask;
    }

    public async Task<Immutable<byte[]>> Bring(long step, long attempt, int meeting, int microBatch, Immutable<byte[]> values)
    {
        if (_meetings is null)
            throw new StateLostException($"The batch-norm totals of step {step} of run {this.GetPrimaryKeyString()} are lost; the step is computed again.");
        if ((step, attempt) != _open)
            throw new OutdatedException($"Step {step} of run {this.GetPrimaryKeyString()} is over.");
        var total = await _meetings.Bring(meeting, microBatch, MemoryMarshal.Cast<byte, double>(values.Value).ToArray());
        return new Immutable<byte[]>(MemoryMarshal.AsBytes(total.AsSpan()).ToArray());
    }
}
