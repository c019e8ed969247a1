using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static SslOrleans.Torch.Tests.Values;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Torch.Tests;

public class ModuleTests
{
    private sealed class Block : Module<Tensor, Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> first;
        private readonly Module<Tensor, Tensor>? absent;
        private readonly Linear second;
        [ComponentName(Name = "layers.named")] private readonly Parameter scale;
        private readonly Tensor offset;
        private readonly ModuleList<Linear> list;

        public Block() : base("Block")
        {
            first = Sequential(("fc", Linear(2, 3, hasBias: false)), ("act", ReLU()));
            absent = null;
            second = Linear(3, 2);
            scale = Parameter(ones(2));
            offset = zeros(2);
            list = ModuleList(Linear(2, 2), Linear(2, 2));
            RegisterComponents();
        }

        public override Tensor forward(Tensor a, Tensor b)
        {
            var hidden = first.call(a);
            return second.call(absent is null ? hidden : absent.call(hidden)) * scale + offset + b;
        }
    }

    [Fact]
    public void NamesAreFieldNames()
    {
        using var block = new Block();
        Assert.Equal(
            ["layers.named", "first.fc.weight", "list.0.bias", "list.0.weight", "list.1.bias", "list.1.weight", "second.bias", "second.weight"],
            block.named_parameters().Select(p => p.name).OrderBy(n => n.StartsWith("layers") ? "" : n, StringComparer.Ordinal));
        Assert.Equal(["offset"], block.named_buffers().Select(b => b.name));
        Assert.Equal(["first", "list", "second"], block.named_children().Select(m => m.name).Order());
        Assert.Contains("first.fc", block.named_modules().Select(m => m.name));
        Assert.Equal(9, block.state_dict().Count);
        Assert.True(block.has_parameter("second.weight"));
        Assert.Null(block.get_parameter("none"));
        Equal([2], [0, 0], block.get_buffer("offset")!);
        Assert.Throws<InvalidOperationException>(() => block.register_buffer("offset", zeros(1)));
        Assert.Equal(new long[] { 1, 2 }, block.call(ones(1, 2), ones(1, 2)).shape);
    }

    [Fact]
    public void TrainingAndEvaluationReachEveryChild()
    {
        using var net = Sequential(("a", Dropout(0.5)), ("b", BatchNorm1d(2)));
        Assert.True(net.training);
        net.eval();
        Assert.All(net.children(), child => Assert.False(child.training));
        Equal([2, 2], [1, 1, 1, 1], net.call(ones(2, 2)), 1e-4f);
        net.train();
        Assert.All(net.children(), child => Assert.True(child.training));
    }

    [Fact]
    public void StateGoesFromOneModuleToAnother()
    {
        using var from = Sequential(("a", Linear(2, 2)), ("b", BatchNorm1d(2)));
        using var to = Sequential(("a", Linear(2, 2)), ("b", BatchNorm1d(2)));
        Assert.Equal(
            ["a.bias", "a.weight", "b.bias", "b.num_batches_tracked", "b.running_mean", "b.running_var", "b.weight"], from.state_dict().Keys.Order());
        from.call(randn(4, 2)).Dispose();
        var (missing, unexpected) = to.load_state_dict(from.state_dict());
        Assert.Empty(missing);
        Assert.Empty(unexpected);
        foreach (var (name, value) in from.state_dict()) Assert.True(value.Equals(to.state_dict()[name]), name);
        Assert.Equal(1, to.get_buffer("b.num_batches_tracked")!.ToInt64());
        var other = new Dictionary<string, Tensor> { ["c"] = ones(1) };
        Assert.Throws<InvalidOperationException>(() => to.load_state_dict(other));
        Assert.Equal(["c"], to.load_state_dict(other, strict: false).unexpected_keyes);
    }

    [Fact]
    public void ConversionReplacesParametersAndKeepsGradients()
    {
        using var net = Sequential(("a", Linear(2, 2)), ("b", BatchNorm1d(2)));
        net.call(ones(2, 2)).sum().backward();
        net.to(ScalarType.Float64);
        Assert.All(net.parameters(), p => Assert.Equal(ScalarType.Float64, p.dtype));
        Assert.Equal(ScalarType.Int64, net.get_buffer("b.num_batches_tracked")!.dtype);
        Assert.Equal(ScalarType.Float64, net.get_parameter("a.weight")!.grad!.dtype);
        Assert.Equal(new long[] { 1, 2 }, net.eval_(x => x.call(ones(1, 2, ScalarType.Float64))).shape);
        var same = net.parameters().First();
        net.to(CPU);
        Assert.Same(same, net.parameters().First());
        net.zero_grad();
        Assert.Null(net.get_parameter("a.weight")!.grad);
    }

    [Fact]
    public void BatchNormKeepsRunningStatistics()
    {
        using var bn = BatchNorm2d(1, momentum: 0.5);
        var x = Count(2, 1, 1, 2);
        Equal([2, 1, 1, 2], [-1.3416353f, -0.4472118f, 0.4472118f, 1.3416353f], bn.call(x), 1e-5f);
        Equal([0.75f], bn.running_mean!);
        Equal([0.5f + 0.5f * 5 / 3], bn.running_var!);
        bn.eval();
        Equal([2, 1, 1, 2], Enumerable.Range(0, 4).Select(i => (i - 0.75f) / MathF.Sqrt(0.5f + 5f / 6 + 1e-5f)).ToArray(), bn.call(x), 1e-5f);
        Assert.Throws<ArgumentException>(() => bn.call(ones(2, 1)));
    }

    [Fact]
    public void HooksSeeAndChange()
    {
        using var relu = ReLU();
        var hook = relu.register_forward_hook((_, _, output) => output + 1);
        Equal([1, 3], relu.call(Floats(-1, 2)));
        hook.remove();
        Equal([0, 2], relu.call(Floats(-1, 2)));
    }

    [Fact]
    public void Initialisation()
    {
        manual_seed(1);
        var w = empty(256, 128);
        init.kaiming_normal_(w, nonlinearity: init.NonlinearityType.ReLU);
        Assert.Equal(Math.Sqrt(2.0 / 128), w.std().ToDouble(), 0.002);
        init.trunc_normal_(w, std: 0.02, a: -0.03, b: 0.03);
        Assert.True(w.abs().max().ToDouble() <= 0.03001);
        Assert.Equal(0, w.mean().ToDouble(), 3);
        init.orthogonal_(w);
        Assert.True(w.t().mm(w).allclose(eye(128), atol: 1e-4));
        Assert.Equal((18L, 36L), init.CalculateFanInAndFanOut(empty(4, 2, 3, 3)));
        init.constant_(w, 2);
        Assert.Equal(2, w.min().ToDouble());
    }
}

internal static class ModuleTestExtensions
{
    internal static Tensor eval_(this Sequential net, Func<Sequential, Tensor> use)
    {
        net.eval();
        return use(net);
    }
}
