using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Torch.Tests;

public class SmokeTests
{
    private sealed class Net : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> conv = Conv2d(3, 4, 3, padding: 1, bias: false);
        private readonly Module<Tensor, Tensor> bn = BatchNorm2d(4);
        private readonly Module<Tensor, Tensor> fc = Linear(4, 2);

        public Net() : base(nameof(Net)) => RegisterComponents();

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            x = functional.relu(bn.call(conv.call(x)));
            return fc.call(functional.adaptive_avg_pool2d(x, 1).flatten(1)).MoveToOuterDisposeScope();
        }
    }

    [Fact]
    public void ASmallNetTrains()
    {
        manual_seed(1);
        using var net = new Net();
        Assert.Equal(["bn.bias", "bn.weight", "conv.weight", "fc.bias", "fc.weight"], net.named_parameters().Select(p => p.name).Order());
        using var y = tensor(new long[] { 0, 1, 0, 1, 0, 1, 0, 1 });
        using var x = randn(8, 3, 8, 8) + y.@float().reshape(8, 1, 1, 1);
        float first = 0, last = 0;
        for (var step = 0; step < 50; step++)
        {
            using var scope = NewDisposeScope();
            net.zero_grad();
            var loss = functional.cross_entropy(net.call(x), y);
            loss.backward();
            using (no_grad())
                foreach (var p in net.parameters()) p.sub_(p.grad! * 0.1f);
            if (step == 0) first = loss.item<float>();
            last = loss.item<float>();
        }
        Assert.True(last < first / 2, $"{first} -> {last}");
    }
}
