using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Meters;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>A micro-batch that is computed for comparison (<c>workers.verify</c>): from its images on, and apart from what the worker's own leases hold.</summary>
internal static class ComparedMicroBatch
{
    /// <summary>On the lane.</summary>
    public static VerifyResult Compute(
        WorkerModel model, WorkerVersion version, TensorBlocks blocks, VerifyOrder order, MicroBatchViews views, IReadOnlyList<NamedArray> gradients, LaneMeeting? meeting)
    {
        using var used = views;
        var context = model.Context(order.Step, views.SampleIds);
        var open = model.Replica.Encode(order.MicroBatch, views, context, meeting);
        var gradient = new float[model.Replica.Layout.Length];
        var loss = 0f;
        var embeddings = blocks.Of(model.Method.Coupled ? Replica.Export(open) : Replica.Export(open, model.Method.Carried));
        if (model.Method.Coupled)
            model.Replica.Backward(open, gradients, gradient);
        else
            loss = model.Replica.LossAndBackward(open, version.State(), context, gradient);
        model.Computed(order.Step, order.MicroBatch, gradient);
        return new VerifyResult(
            new MicroBatchResult(order.MicroBatch, embeddings, loss, new Dictionary<string, float>(context.Reported), [.. views.Replaced]),
            [.. model.Replica.Layout.Slices.Select(s => Facts.Hash(gradient.AsSpan(s.Offset, s.Length)))]);
    }
}
