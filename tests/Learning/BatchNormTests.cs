using SslOrleans.Learning.Backbones;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

public class BatchNormTests
{
    [Fact]
    public void Training_leaves_the_running_statistics_alone_and_collects_those_of_the_batch()
    {
        using var scope = NewDisposeScope();
        using var norm = new BatchNorm(3);
        var x = GoldenBackboneTests.Formula(1, 4 * 3 * 5 * 2).reshape(4, 3, 5, 2);
        norm.BeginMicroBatch();
        Assert.Null(norm.BatchStatistics);
        norm.call(x);
        Assert.Equal([0f, 0f, 0f], Values(norm.RunningMean));
        Assert.Equal([1f, 1f, 1f], Values(norm.RunningVariance));
        var (mean, variance) = norm.BatchStatistics!.Value;
        Close(x.mean([0, 2, 3]), mean);
        Close(x.var([0, 2, 3]), variance);
    }

    [Fact]
    public void Statistics_are_the_mean_over_the_calls_of_a_micro_batch_and_survive_the_callers_scope()
    {
        using var norm = new BatchNorm(2);
        var (x, y) = (GoldenBackboneTests.Formula(1, 6).reshape(3, 2), GoldenBackboneTests.Formula(2, 8).reshape(4, 2));
        norm.call(y).Dispose();
        norm.BeginMicroBatch();
        using (NewDisposeScope())
        {
            norm.call(x);
            norm.call(y);
        }

        var (mean, variance) = norm.BatchStatistics!.Value;
        Close((x.mean([0]) + y.mean([0])) / 2, mean);
        Close((x.var(0L) + y.var(0L)) / 2, variance);
    }

    [Fact]
    public void Evaluation_uses_the_running_statistics_and_nothing_else()
    {
        using var scope = NewDisposeScope();
        using var norm = new BatchNorm(2);
        norm.eval();
        using var off = no_grad();
        norm.RunningMean.copy_(tensor(new[] { 1f, 2f }));
        norm.RunningVariance.copy_(tensor(new[] { 4f, 9f }));
        var y = norm.call(tensor(new[] { 3f, 5f }).reshape(1, 2));
        Close(tensor(new[] { 1f, 1f }), y.flatten());
        Assert.Null(norm.BatchStatistics);
    }

    [Fact]
    public void Keys_are_those_of_torchvision()
    {
        using var affine = new BatchNorm(2);
        using var plain = new BatchNorm(2, affine: false);
        Assert.Equal(["bias", "running_mean", "running_var", "weight"], affine.state_dict().Keys.Order());
        Assert.Equal(["running_mean", "running_var"], plain.state_dict().Keys.Order());
    }

    private static float[] Values(Tensor t) => t.detach().contiguous().data<float>().ToArray();

    private static void Close(Tensor expected, Tensor actual)
    {
        var (a, b) = (Values(expected), Values(actual));
        Assert.Equal(a.Length, b.Length);
        for (var i = 0; i < a.Length; i++)
            Assert.Equal(a[i], b[i], 1e-5f);
    }
}
