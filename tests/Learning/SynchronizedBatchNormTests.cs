using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests;

/// <summary>Batch norm over the effective batch, cut into micro-batches, is libtorch's own batch norm over the whole batch.</summary>
public class SynchronizedBatchNormTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public async Task Output_gradients_and_running_statistics_are_those_of_the_whole_batch(int microBatches)
    {
        const int Rows = 6, Channels = 3;
        float[] input = Numbers(1, Rows * Channels * 4), seed = Numbers(2, input.Length), weight = [0.5f, 1, 2], bias = [1, 0, -1];

        // Channel 2 has a mean far from 0 for its variance, where Σx² − (Σx)² would lose digits.
        for (var i = 0; i < input.Length; i++)
            input[i] += i / 4 % Channels == 2 ? 30 : 0;

        using var whole = tensor(input, [Rows, Channels, 2, 2]).requires_grad_();
        using var w = tensor(weight).requires_grad_();
        using var b = tensor(bias).requires_grad_();
        var (mean, variance) = (zeros(Channels), zeros(Channels));
        var expected = functional.batch_norm(whole, mean, variance, w, b, true, 1.0, 1e-5);
        expected.backward([tensor(seed, [Rows, Channels, 2, 2])]);

        var meetings = new StepMeetings(microBatches);
        using var layer = new BatchNorm(Channels) { Statistics = new EffectiveBatchStatistics() };
        layer.load_state_dict(new Dictionary<string, Tensor> { ["weight"] = w.detach(), ["bias"] = b.detach(), ["running_mean"] = zeros(Channels), ["running_var"] = ones(Channels) });
        using var lane = new Lane("test");
        await lane.Open(() => new Replica(SmallRun.Recipe("simclr"), CPU));
        var length = input.Length / microBatches;
        var parts = await Task.WhenAll(Enumerable.Range(0, microBatches).Select(m => lane.RunMeeting(() =>
        {
            var meeting = lane.Meeting(microBatches, (number, values) => meetings.Bring(number, m, values));
            using var entered = BatchMeetings.Enter(new BatchMeetings(meeting));
            layer.BeginMicroBatch();
            using var x = tensor(input[(m * length)..((m + 1) * length)], [Rows / microBatches, Channels, 2, 2]).requires_grad_();
            using var y = layer.call(x);
            var parameters = layer.parameters().ToList();
            var g = autograd.grad([y], [x, .. parameters], [tensor(seed[(m * length)..((m + 1) * length)], x.shape)]);
            var statistics = layer.BatchStatistics!.Value;
            return (Output: Values(y), Input: Values(g[0]), Weight: Values(g[1]), Bias: Values(g[2]), Mean: Values(statistics.Mean), Variance: Values(statistics.Variance));
        })));

        Close(Values(expected), [.. parts.SelectMany(p => p.Output)]);
        Close(Values(whole.grad!), [.. parts.SelectMany(p => p.Input)]);
        Close(Values(w.grad!), Sum(parts.Select(p => p.Weight)));
        Close(Values(b.grad!), Sum(parts.Select(p => p.Bias)));
        foreach (var part in parts)
        {
            Close(Values(mean), part.Mean);
            Close(Values(variance), part.Variance);
        }
    }

    [Theory]
    [InlineData("simclr")]
    [InlineData("byol")]
    [InlineData("barlowtwins")]
    public async Task Loss_and_gradient_of_a_step_are_those_of_one_batch_norm_over_the_effective_batch(string method)
    {
        var (expectedLoss, expected) = await Step(With(SmallRun.Recipe(method), "micro", micro: 12));
        var (loss, gradient) = await Step(With(SmallRun.Recipe(method), "sync", micro: 4));
        var (lossOfMicro, _) = await Step(With(SmallRun.Recipe(method), "micro", micro: 4));
        Assert.Equal(expectedLoss, loss, 1e-5 * Math.Abs(expectedLoss));
        Assert.NotEqual(expectedLoss, lossOfMicro, 1e-4 * Math.Abs(expectedLoss));
        var scale = expected.Max(Math.Abs);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], gradient[i], 1e-5f * scale);
    }

    [Theory]
    [InlineData("simclr")]
    [InlineData("byol")]
    [InlineData("barlowtwins")]
    [InlineData("vicreg")]
    [InlineData("mocov2")]
    public void The_number_of_lanes_changes_no_bit(string method)
    {
        var recipe = With(SmallRun.Recipe(method, steps: 6), "sync", micro: 2);
        var hashes = new[] { 1, 2, 3 }.Select(lanes =>
        {
            using var trainer = new LocalTrainer(recipe, new SmallRun.Data(recipe), lanes);
            return Enumerable.Range(0, 6).Select(_ => trainer.RunStep()).Select(r => (r.WeightsHash, r.Loss)).ToList();
        }).ToList();
        Assert.Equal(hashes[0], hashes[1]);
        Assert.Equal(hashes[0], hashes[2]);
    }

    [Fact]
    public async Task A_micro_batch_that_fails_lets_no_other_wait()
    {
        var meetings = new StepMeetings(2);
        var waiting = meetings.Bring(0, 0, [1]);
        Assert.False(waiting.IsCompleted);
        meetings.End(new InvalidDataException("broken"));
        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidDataException>(() => waiting)).Message);
        await Assert.ThrowsAsync<InvalidDataException>(() => meetings.Bring(1, 0, [1]));
    }

    [Fact]
    public async Task What_is_brought_twice_counts_once_and_a_finished_meeting_answers_at_once()
    {
        var meetings = new StepMeetings(3);
        var first = meetings.Bring(4, 2, [1, 10]);
        _ = meetings.Bring(4, 2, [1, 10]);
        _ = meetings.Bring(4, 0, [2, 20]);
        Assert.False(first.IsCompleted);
        double[] total = [7, 70];
        Assert.Equal(total, await meetings.Bring(4, 1, [4, 40]));
        Assert.Equal(total, await first);
        Assert.Equal(total, await meetings.Bring(4, 1, [4, 40]));
    }

    private static Recipe With(Recipe recipe, string batchNorm, int micro) => recipe with
    {
        Backbone = recipe.Backbone with { BatchNorm = batchNorm },
        Batch = recipe.Batch with { Micro = micro },
    };

    /// <summary>Loss and gradient of the first step, before any optimiser.</summary>
    private static async Task<(float Loss, float[] Gradient)> Step(Recipe recipe)
    {
        var (data, plan) = (new SmallRun.Data(recipe), new RunPlan(recipe, SmallRun.Samples));
        using var lane = new Lane("test");
        var replica = await lane.Open(() => new Replica(recipe, CPU));
        await lane.Run(() =>
        {
            // A teacher begins as the student.
            var initial = replica.InitialParameters();
            replica.Load(initial, initial);
        });
        var meetings = new StepMeetings(plan.MicroBatches);
        var losses = new float[plan.MicroBatches];
        var open = new OpenMicroBatch[plan.MicroBatches];
        var sum = new TreeSum(plan.MicroBatches);
        await All(m =>
        {
            var views = data.Render(plan.FirstPosition(0, m), plan.MicroBatch);
            var context = StepContexts.Create(recipe, plan, 0, views.SampleIds, CPU);
            var meeting = replica.MeetsInBatchNorm ? lane.Meeting(plan.MicroBatches, (number, values) => meetings.Bring(number, m, values)) : null;
            open[m] = replica.Encode(m, views, context, meeting);
            if (replica.Method.Coupled)
                return;
            var gradient = new float[replica.Layout.Length];
            losses[m] = replica.LossAndBackward(open[m], Learning.Methods.MethodState.Empty, context, gradient);
            sum.Add(new MicroBatchRange(m, 1), gradient);
        });
        if (!replica.Method.Coupled)
            return (losses.Average(), sum.Total);

        var whole = NamedArray.Concatenate([.. open.Select(o => Replica.Export(o))]);
        var couple = await lane.Run(() => replica.Couple(whole, Learning.Methods.MethodState.Empty, StepContexts.Create(recipe, plan, 0, data.SampleIds(0, plan.EffectiveBatch), CPU)));
        var parts = couple.Gradients.Select(g => g.Split(plan.MicroBatches)).ToList();
        await All(m =>
        {
            var gradient = new float[replica.Layout.Length];
            replica.Backward(open[m], [.. parts.Select(p => p[m])], gradient);
            sum.Add(new MicroBatchRange(m, 1), gradient);
        });
        return (couple.Loss, sum.Total);

        Task All(Action<int> compute) => Task.WhenAll(Enumerable.Range(0, plan.MicroBatches).Select(m => lane.RunMeeting(() =>
        {
            compute(m);
            return m;
        })));
    }

    private static float[] Sum(IEnumerable<float[]> vectors) => vectors.Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)]);

    private static float[] Numbers(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];
    }

    private static float[] Values(Tensor t) => t.detach().contiguous().data<float>().ToArray();

    private static void Close(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var scale = expected.Max(Math.Abs);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-4f * scale);
    }
}
