using TorchSharp;
using TorchSharp.Modules;
using static SslOrleans.Torch.Tests.Values;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Torch.Tests;

public class AutogradTests
{
    [Fact]
    public void GradientsOfASmallFunctionByHand()
    {
        var x = Floats(1, 2, 3).requires_grad_();
        var y = (x * x + 3 * x).sum();
        y.backward();
        Equal([5, 7, 9], x.grad!);
        (2 * x).sum().backward();
        Equal([7, 9, 11], x.grad!);
        x.grad = null;
        Assert.Null(x.grad);
        x.grad = ones(3);
        Equal([1, 1, 1], x.grad!);
        Assert.True(x.is_leaf);
        Assert.False(y.is_leaf);
        Assert.False(x.detach().requires_grad);
    }

    [Fact]
    public void BackwardFromAVectorAndWithRetainedGraph()
    {
        var x = Floats(1, 2).requires_grad_();
        var y = x * x;
        y.backward([Floats(1, 10)], retain_graph: true);
        Equal([2, 40], x.grad!);
        y.backward([Floats(1, 1)]);
        Equal([4, 44], x.grad!);
        var again = Assert.Throws<System.Runtime.InteropServices.ExternalException>(() => y.backward([Floats(1, 1)]));
        Assert.StartsWith("Trying to backward through the graph a second time", again.Message);
    }

    [Fact]
    public void GradReturnsWithoutTouchingTheLeaves()
    {
        var x = Floats(3).requires_grad_();
        var y = x.pow(3).sum();
        var first = autograd.grad([y], [x], create_graph: true)[0];
        Equal([27], first);
        Equal([18], autograd.grad([first.sum()], [x])[0]);
        Assert.Null(x.grad);
    }

    [Fact]
    public void GradModeBelongsToTheThread()
    {
        var x = ones(1, requires_grad: true);
        using (no_grad())
        {
            Assert.False(is_grad_enabled());
            Assert.False((x * 2).requires_grad);
            var elsewhere = false;
            var thread = new Thread(() => elsewhere = is_grad_enabled());
            thread.Start();
            thread.Join();
            Assert.True(elsewhere);
            using (enable_grad()) Assert.True((x * 2).requires_grad);
            Assert.False(is_grad_enabled());
        }
        Assert.True(is_grad_enabled());
        using (inference_mode()) Assert.False((x * 2).requires_grad);
        Assert.True((x * 2).requires_grad);
    }

    /// <summary>Every parameter's gradient of a small convolutional net against central differences, in Float64.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void GradientsOfANetAgainstFiniteDifferences(bool training)
    {
        using var outer = NewDisposeScope();
        manual_seed(3);
        using var net = Sequential(
            ("conv", Conv2d(2, 3, 3, padding: 1, stride: 2)), ("bn", BatchNorm2d(3)), ("gelu", GELU()), ("pool", AvgPool2d(2)),
            ("flat", Flatten()), ("fc", Linear(12, 4)), ("ln", LayerNorm(4)), ("out", Linear(4, 3)));
        net.to(ScalarType.Float64);
        net.train(training);
        var x = randn(4, 2, 8, 8, ScalarType.Float64);
        var y = Longs(0, 1, 2, 1);
        Loss().backward();

        foreach (var (name, parameter) in net.named_parameters())
        {
            var analytic = parameter.grad!.flatten().data<double>().ToArray();
            for (var i = 0; i < analytic.Length; i += Math.Max(1, analytic.Length / 5))
            {
                var numeric = (At(parameter, i, 1e-5) - At(parameter, i, -1e-5)) / 2e-5;
                Assert.True(Math.Abs(numeric - analytic[i]) < 1e-6, $"{name}[{i}]: {analytic[i]} against {numeric}");
            }
        }

        Tensor Loss() => functional.cross_entropy(net.call(x), y);

        double At(Parameter parameter, int i, double step)
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            var flat = parameter.view(-1);
            flat[i] = flat[i] + step;
            var value = Loss().item<double>();
            flat[i] = flat[i] - step;
            return value;
        }
    }
}
