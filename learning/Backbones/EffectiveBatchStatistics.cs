using SslOrleans.Contracts;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// Synchronised batch norm (cookbook §3.8.1): statistics of the whole effective batch, in the forward and in the backward pass.
/// Each micro-batch suspends at every layer until all micro-batches have brought their sums; the totals are taken in the fixed
/// tree over micro-batches, so they do not depend on who computes what. Several micro-batches may be under way at a time,
/// each on a thread of its own.
/// </summary>
public sealed class EffectiveBatchStatistics : IBatchStatistics
{
    private readonly ThreadLocal<MicroBatchStatistics.Sum> _collected = new(() => new MicroBatchStatistics.Sum());

    public (Tensor Mean, Tensor Variance)? Collected => _collected.Value!.Mean;

    public void Begin() => _collected.Value!.Clear();

    public Tensor Normalize(Tensor input, Tensor? weight, Tensor? bias, double epsilon)
    {
        var meeting = BatchMeetings.Current;
        var number = meeting.NextNumber();
        var (mean, variance, rows) = Statistics(input, meeting, number);

        // For later evaluation: the unbiased variance, as PyTorch's running variance.
        _collected.Value!.Add(mean.alias(), variance * (float)(rows / Math.Max(1, rows - 1)));
        var centred = StatisticsGradient.apply(input, mean, variance, epsilon, rows, meeting, number);
        return functional.batch_norm(centred, mean, variance, weight, bias, false, 0, epsilon);
    }

    public void Dispose()
    {
        _collected.Dispose();
    }

    /// <summary>Mean and biased variance <c>[C]</c> over the effective batch, and its rows.</summary>
    private static (Tensor Mean, Tensor Variance, double Rows) Statistics(Tensor input, BatchMeetings meeting, int number)
    {
        using var frozen = no_grad();
        var channels = input.shape[1];
        var own = (double)input.numel() / channels;
        if (own * meeting.MicroBatches < 2)
            throw new UserErrorException("backbone.batchNorm is sync and the effective batch has one value per channel; make batch.effective at least 2.");
        var mean = zeros(channels, dtype: ScalarType.Float32, device: input.device);
        var variance = ones(channels, dtype: ScalarType.Float32, device: input.device);

        // With momentum 1 the "running" statistics become those of this call; a single value has no unbiased variance.
        if (own > 1)
            functional.batch_norm(input, mean, variance, null, null, true, 1.0, 1e-5).Dispose();
        else
            (mean, variance) = (input.reshape(channels).to(ScalarType.Float32), zeros_like(variance));

        // Σx and Σx² in double: exact enough for the difference of two large numbers below.
        var (m, v) = (mean.Values<float>(), variance.Values<float>());
        var sums = new double[2 * channels];
        for (var c = 0; c < channels; c++)
        {
            sums[c] = own * m[c];
            sums[channels + c] = ((own - 1) * v[c]) + (own * m[c] * (double)m[c]);
        }

        var totals = meeting.Total(2 * number, sums);
        var rows = own * meeting.MicroBatches;
        var means = new float[channels];
        var variances = new float[channels];
        for (var c = 0; c < channels; c++)
        {
            var average = totals[c] / rows;
            means[c] = (float)average;
            variances[c] = (float)Math.Max(0, (totals[channels + c] / rows) - (average * average));
        }

        return (tensor(means).to(input.device), tensor(variances).to(input.device), rows);
    }

    /// <summary>
    /// The identity forward. Backward it adds the part of the gradient that flows through mean and variance:
    /// with g = ∂L/∂x at constant statistics and x̂ the normalised x, <c>∂L/∂x = g − mean(g) − x̂·mean(g·x̂)</c>,
    /// means over the effective batch (Ioffe and Szegedy 2015, p. 4, rearranged).
    /// </summary>
    private sealed class StatisticsGradient : autograd.SingleTensorFunction<StatisticsGradient>
    {
        public override string Name => nameof(StatisticsGradient);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var x = (Tensor)vars[0];
            ctx.save_for_backward([x, (Tensor)vars[1], (Tensor)vars[2]]);
            ctx.save_data("epsilon", vars[3]);
            ctx.save_data("rows", vars[4]);
            ctx.save_data("meeting", vars[5]);
            ctx.save_data("number", vars[6]);
            return x.detach();
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var saved = ctx.get_saved_variables();
            var (x, mean, variance) = (saved[0], saved[1], saved[2]);
            var epsilon = (double)ctx.get_data("epsilon")!;
            var rows = (double)ctx.get_data("rows")!;
            var meeting = (BatchMeetings)ctx.get_data("meeting")!;
            var number = (int)ctx.get_data("number")!;

            long[] others = x.dim() == 4 ? [0, 2, 3] : [0];
            var channels = x.shape[1];
            Tensor g, gx;
            using (var normalised = functional.batch_norm(x, mean, variance, null, null, false, 0, epsilon))
                (g, gx) = (grad_output.sum(others), normalised.mul_(grad_output).sum(others));
            var totals = meeting.TotalOrFailure((2 * number) + 1, [.. g.Values<float>().Concat(gx.Values<float>()).Select(v => (double)v)]);

            // −mean(g) − x̂·mean(g·x̂) is itself a batch norm of x with constant statistics.
            var scale = tensor([.. totals.Skip((int)channels).Select(t => (float)(-t / rows))]).to(x.device);
            var shift = tensor([.. totals.Take((int)channels).Select(t => (float)(-t / rows))]).to(x.device);
            var correction = functional.batch_norm(x, mean, variance, scale, shift, false, 0, epsilon);
            return [correction.add_(grad_output), null!, null!, null!, null!, null!, null!];
        }
    }
}
