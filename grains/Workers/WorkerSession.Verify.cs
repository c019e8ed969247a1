using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Meters;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>A micro-batch that is computed for comparison: from the images on, and apart from what the worker's own leases hold.</summary>
internal sealed partial class WorkerSession
{
    public async Task<VerifyResult> Verify(VerifyOrder order)
    {
        await _one.WaitAsync();
        try
        {
            ThrowIfClosed();
            await BringTo(order.Step, order.Attempt);
            var views = await Task.Run(() => _data.Render(_plan.FirstPosition(order.Step, order.MicroBatch), _plan.MicroBatch));
            var gradients = await _blocks.Take(order.Gradients);
            return await OnLane(order.Step, order.Attempt, order.MicroBatch, meeting => Verify(order, views, gradients, meeting));
        }
        finally
        {
            _one.Release();
        }
    }

    private VerifyResult Verify(VerifyOrder order, MicroBatchViews views, IReadOnlyList<NamedArray> gradients, LaneMeeting? meeting)
    {
        using var used = views;
        var context = StepContexts.Create(_replica.Recipe, _plan, order.Step, views.SampleIds, _replica.Device);
        var open = _replica.Encode(order.MicroBatch, views, context, meeting);
        var gradient = new float[_replica.Layout.Length];
        var loss = 0f;
        var embeddings = _blocks.Of(_replica.Method.Coupled ? Replica.Export(open) : Replica.Export(open, _replica.Method.Carried));
        if (_replica.Method.Coupled)
            _replica.Backward(open, gradients, gradient);
        else
            loss = _replica.LossAndBackward(open, State(), context, gradient);
        _environment.Computed(_index, order.Step, order.MicroBatch, gradient);
        return new VerifyResult(
            new MicroBatchResult(order.MicroBatch, embeddings, loss, new Dictionary<string, float>(context.Reported), [.. views.Replaced]),
            [.. _replica.Layout.Slices.Select(s => Facts.Hash(gradient.AsSpan(s.Offset, s.Length)))]);
    }
}
