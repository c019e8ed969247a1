using System.Runtime.InteropServices;
using TorchSharp;
using static SslOrleans.Torch.Tests.Values;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Torch.Tests;

/// <summary>Counts live tensors, so nothing else may run beside it.</summary>
[Collection(nameof(Alone))]
public class LifetimeTests
{
    [CollectionDefinition(nameof(Alone), DisableParallelization = true)]
    public class Alone;

    [Fact]
    public void AScopeDisposesOfWhatWasMadeInIt()
    {
        var before = Settled();
        Tensor kept, detached;
        using (var scope = NewDisposeScope())
        {
            var a = ones(2);
            var b = a + 1;
            kept = (a * b).MoveToOuterDisposeScope();
            detached = (b - 1).DetachFromDisposeScope();
            Assert.Equal(2, scope.DisposablesCount);
            Assert.True(scope.Contains(b));
            using (NewDisposeScope())
            {
                var inner = ones(1).MoveToOuterDisposeScope();
                Assert.True(scope.Contains(inner));
            }
            Assert.Equal(3, scope.DisposablesCount);
            scope.DisposeEverythingBut(b);
            Assert.True(a.IsInvalid);
            Equal([2, 2], b);
        }
        Equal([2, 2], kept);
        Equal([1, 1], detached);
        kept.Dispose();
        kept.Dispose();
        detached.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
        Assert.Throws<InvalidOperationException>(() => kept.shape);
    }

    [Fact]
    public void ScopesBelongToTheThread()
    {
        using var scope = NewDisposeScope();
        Tensor? other = null;
        DisposeScope? seen = scope;
        var thread = new Thread(() =>
        {
            seen = CurrentDisposeScope;
            other = ones(1);
        });
        thread.Start();
        thread.Join();
        Assert.Null(seen);
        Assert.False(scope.Contains(other!));
        other!.Dispose();
        Assert.Same(scope, CurrentDisposeScope);
    }

    [Fact]
    public void TheCollectorIsABackstop()
    {
        var before = Settled();
        for (var i = 0; i < 100; i++) Forget();
        Assert.Equal(before, Settled());

        static void Forget() => _ = ones(1000) + 1;
    }

    [Fact]
    public void InPlaceResultsAreHandlesOfTheirOwn()
    {
        var a = ones(2);
        a.add_(1).Dispose();
        Equal([2, 2], a);
        using (var alias = a.alias()) alias.zero_();
        Equal([0, 0], a);
    }

    [Fact]
    public void ErrorsCarryLibtorchsMessageFirstLineFirst()
    {
        var error = Assert.Throws<ExternalException>(() => ones(2, 3).mm(ones(2, 3)));
        Assert.StartsWith("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", error.Message);
        Assert.DoesNotContain("frame #", error.Message);
        Assert.Throws<ExternalException>(() => ones(2) + ones(3));
        Assert.Throws<ExternalException>(() => ones(2).view(3));
        Assert.Throws<ExternalException>(() => einsum("ij,jk", ones(2), ones(2)));
        Assert.Throws<ExternalException>(() => empty(1L << 50));
        Assert.Throws<ExternalException>(() => ones(1)[5]);
        Assert.Throws<ExternalException>(() => ones(2).backward());
        Assert.Throws<ExternalException>(() => set_num_threads(0));
        Equal([2, 2], ones(2) + 1);
    }

    /// <summary>A thousand training steps of a small convolutional net: no tensor and no memory is left over.</summary>
    [Fact]
    public void TrainingHoldsMemoryFlat()
    {
        manual_seed(2);
        using var net = Sequential(Conv2d(3, 8, 3, padding: 1), BatchNorm2d(8), ReLU(inplace: true), MaxPool2d(2), Conv2d(8, 8, 3, padding: 1),
            BatchNorm2d(8), ReLU(), AdaptiveAvgPool2d(1), Flatten(), Linear(8, 10));
        using var x = randn(4, 3, 8, 8);
        using var y = arange(4);
        for (var step = 0; step < 200; step++) Step();
        var tensors = Settled();
        var memory = ResidentBytes();
        for (var step = 0; step < 1000; step++) Step();
        // Not settled by the collector: the scopes alone must have let go of everything.
        Assert.Equal(tensors, Tensor.TotalCount);
        var grown = (ResidentBytes() - memory) / (1024.0 * 1024.0);
        Assert.True(grown < 16, $"resident memory grew by {grown:0.0} MiB in 1,000 steps");

        void Step()
        {
            using var scope = NewDisposeScope();
            net.zero_grad();
            functional.cross_entropy(net.call(x), y).backward();
            using var frozen = no_grad();
            foreach (var parameter in net.parameters()) parameter.add_(parameter.grad!, alpha: -0.05);
        }
    }

    [Fact]
    public void TwoRunsGiveTheSameBits()
    {
        var threads = get_num_threads();
        set_num_threads(1);
        Assert.Equal(Run(), Run());
        set_num_threads(threads);

        static byte[] Run()
        {
            using var scope = NewDisposeScope();
            manual_seed(4);
            using var net = Sequential(Conv2d(3, 8, 3), BatchNorm2d(8), ReLU(), Flatten(), Linear(8 * 36, 10));
            for (var step = 0; step < 5; step++)
            {
                net.zero_grad();
                functional.cross_entropy(net.call(randn(16, 3, 8, 8)), arange(16) % 10).backward();
                using var frozen = no_grad();
                foreach (var parameter in net.parameters()) parameter.add_(parameter.grad!, alpha: -0.1);
            }
            return net.parameters().SelectMany(parameter => parameter.bytes.ToArray()).ToArray();
        }
    }

    internal static long Settled()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return Tensor.TotalCount;
    }

    private static long ResidentBytes()
    {
        Settled();
        return Environment.WorkingSet;
    }
}
