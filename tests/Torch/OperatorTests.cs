#if LIGHT_TENSORS
using System.Diagnostics;
using System.Reflection;
using TorchSharp;
using TorchSharp.Interop;
using Xunit.Abstractions;
using static SslOrleans.Torch.Tests.Values;
using static TorchSharp.torch;

namespace SslOrleans.Torch.Tests;

/// <summary>Only for light/torch: its table of operators against the libtorch at hand.</summary>
public class OperatorTests(ITestOutputHelper output)
{
    /// <summary>Operators that came with libtorch 2, for which there is a fallback.</summary>
    private static readonly string[] Newer = ["aten::scaled_dot_product_attention"];

    [Fact]
    public void EveryOperatorIsInThisLibtorch()
    {
        var all = typeof(Aten).GetFields(BindingFlags.Static | BindingFlags.NonPublic).Select(field => (Operator)field.GetValue(null)!).ToList();
        Assert.True(all.Count > 300);
        var missing = all.Where(op => !op.Exists).Select(op => op.Name).Except(Newer);
        Assert.Empty(missing);
    }

    [Fact]
    public void ALiteralZeroIsNoDimensionInTorchSharp()
    {
        Assert.Contains("sum(0L)", Assert.Throws<ArgumentException>(() => Count(2, 3).sum(0)).Message);
        Assert.Contains("prod(0L)", Assert.Throws<ArgumentException>(() => Count(2, 3).prod(0)).Message);
        Equal([2], [3, 12], Count(2, 3).sum(1));
    }

    [Fact]
    public void AttentionWithoutTheOperator()
    {
        var q = randn(2, 3, 4);
        var mask = tensor(new[,] { { true, false, true }, { true, true, false }, { true, true, true } });
        var masked = nn.functional.ExplicitAttention(q, q, q, mask, 0, false);
        var added = nn.functional.ExplicitAttention(q, q, q, zeros(3, 3).masked_fill(~mask, float.NegativeInfinity), 0, false);
        Assert.True(masked.allclose(added));
        Assert.True(masked.allclose((q.bmm(q.transpose(1, 2)) / 2).masked_fill(~mask, float.NegativeInfinity).softmax(-1).bmm(q), atol: 1e-6));
    }

    [Fact]
    public void BadCallsAreErrorsAndNotCrashes()
    {
        var missing = Assert.Throws<NotSupportedException>(() => new Operator("no_such_operator").Tensor(ones(1)));
        Assert.Contains("aten::no_such_operator", missing.Message);
        var add = new Operator("add", "Tensor");
        Assert.Contains("needs its argument 'other'", Assert.ThrowsAny<Exception>(() => add.Tensor(ones(1))).Message);
        Assert.Contains("takes 3 arguments", Assert.ThrowsAny<Exception>(() => add.Tensor(ones(1), ones(1), 1, 1)).Message);
        Assert.ThrowsAny<Exception>(() => add.Tensor(ones(1), ones(1), "three"));
        Assert.ThrowsAny<Exception>(() => add.Tensor(Arg.None, ones(1)));
        Assert.ThrowsAny<Exception>(() => new Operator("cat").Tensor(1L, 2L));
    }

    [Fact]
    public void OperatorsBeyondTorchSharp()
    {
        var tensors = new[] { ones(2), ones(3) };
        new Operator("_foreach_mul_", "Scalar").Run(tensors, (Scalar)3.0);
        Equal([3, 3], tensors[0]);
        Equal([3, 3, 3], tensors[1]);
        const long channelsLast = 2;
        var image = new Operator("contiguous").Tensor(Count(1, 2, 2, 2), channelsLast);
        Assert.Equal(new long[] { 8, 1, 4, 2 }, image.stride());
        Equal([1, 2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7], image);
    }

    [Fact]
    public void TheFingerprintNamesTheLibraries()
    {
        output.WriteLine(BuildFingerprint());
        Assert.StartsWith($"libtorch {__version__}", BuildFingerprint());
        Assert.Contains("CPU capability", BuildFingerprint());
        Assert.Contains("OpenBLAS", BuildFingerprint());
    }

    [Fact]
    public void DeterministicModeIsForAScope()
    {
        Assert.False(are_deterministic_algorithms_enabled());
        using (use_deterministic_algorithms()) Assert.True(are_deterministic_algorithms_enabled());
        Assert.False(are_deterministic_algorithms_enabled());
    }

    [Fact]
    public void CallOverhead()
    {
        using var scope = NewDisposeScope();
        Tensor a = ones(4), b = ones(4);
        using var frozen = no_grad();

        // The quickest of many short batches: what the call costs when nobody else is on the core.
        double Time(Action call)
        {
            const int calls = 500;
            var best = double.MaxValue;
            var bytes = GC.GetAllocatedBytesForCurrentThread();
            for (var batch = 0; batch < 200; batch++)
            {
                var start = Stopwatch.GetTimestamp();
                for (var i = 0; i < calls; i++) call();
                best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds / calls);
            }
            output.WriteLine($"{best:0.00} µs, {(GC.GetAllocatedBytesForCurrentThread() - bytes) / (200 * calls)} bytes");
            return best;
        }

        Time(() => a.add(b).Dispose());
        Time(() => a.add_(b).Dispose());
        Time(() => a.mul(2.0).Dispose());
        Time(() => a.view(2, 2).Dispose());
        Time(() => _ = a.shape);
        Assert.True(Time(() => _ = a.dtype) < 100);
    }
}
#endif
