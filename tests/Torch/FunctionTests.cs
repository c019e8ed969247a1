using System.Runtime.InteropServices;
using static SslOrleans.Torch.Tests.Values;
using static TorchSharp.torch;

namespace SslOrleans.Torch.Tests;

[Collection(nameof(LifetimeTests.Alone))]
public class FunctionTests
{
    [Fact]
    public void TheHandWrittenDerivativeIsUsedAndFollowsTheChain()
    {
        using var scope = NewDisposeScope();
        var x = Floats(1, 2, 3).requires_grad_();
        var y = Tripled.apply(x * x, 5.0);
        Equal([5, 20, 45], y);

        // Its own derivative says 3, not 5.
        y.sum().backward();
        Equal([6, 12, 18], x.grad!);
    }

    [Fact]
    public void WithoutAGraphNothingIsKept()
    {
        using var scope = NewDisposeScope();
        Assert.False(Tripled.apply(Floats(1), 2.0).requires_grad);
        using var frozen = no_grad();
        Assert.False(Tripled.apply(Floats(1).requires_grad_(), 2.0).requires_grad);
    }

    [Fact]
    public void AFailureInsideArrivesWithItsMessage()
    {
        using var scope = NewDisposeScope();
        var x = Floats(1, 2).requires_grad_();
        var y = Tripled.apply(x, -1.0);
        var failure = Assert.Throws<ExternalException>(() => y.sum().backward());
        Assert.StartsWith("the factor is -1", failure.Message);
    }

    [Fact]
    public void TheGraphLetsItGo()
    {
        Train();
        var before = LifetimeTests.Settled();
        for (var i = 0; i < 50; i++)
            Train();
        Assert.Equal(before, LifetimeTests.Settled());

        static void Train()
        {
            using var scope = NewDisposeScope();
            var x = Floats(1, 2).requires_grad_();
            Tripled.apply(x, 2.0).sum().backward();
        }
    }

    [Fact]
    public async Task OneBackwardPassMayWaitForAnother()
    {
        var met = new Barrier(2);
        var gradients = await Task.WhenAll(Enumerable.Range(1, 2).Select(i => Task.Factory.StartNew(
            () =>
            {
                using var scope = NewDisposeScope();
                var x = Floats(i).requires_grad_();
                return autograd.grad([Meeting.apply(x, met).sum()], [x])[0].item<float>();
            },
            TaskCreationOptions.LongRunning)));
        Assert.Equal([1, 1], gradients);
    }

    private sealed class Tripled : autograd.SingleTensorFunction<Tripled>
    {
        public override string Name => nameof(Tripled);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_for_backward([(Tensor)vars[0]]);
            ctx.save_data("factor", vars[1]);
            return (Tensor)vars[0] * (float)(double)vars[1];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            if ((double)ctx.get_data("factor")! < 0)
                throw new InvalidOperationException("the factor is -1");
            Assert.Single(ctx.get_saved_variables());
            return [grad_output * 3, null!];
        }
    }

    private sealed class Meeting : autograd.SingleTensorFunction<Meeting>
    {
        public override string Name => nameof(Meeting);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_data("barrier", vars[1]);
            return ((Tensor)vars[0]).alias();
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            Assert.True(((Barrier)ctx.get_data("barrier")!).SignalAndWait(TimeSpan.FromSeconds(20)));
            return [grad_output, null!];
        }
    }
}
