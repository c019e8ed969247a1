using TorchSharp;
using static SslOrleans.Torch.Tests.Values;
using static TorchSharp.torch;

namespace SslOrleans.Torch.Tests;

public class ArithmeticTests
{
    private const float Inf = float.PositiveInfinity;

    [Fact]
    public void Operators()
    {
        Tensor a = Floats(1, 2, 4), b = Floats(2, 2, 2);
        Equal([3, 4, 6], a + b);
        Equal([2, 3, 5], a + 1);
        Equal([2, 3, 5], 1f + a);
        Equal([-1, 0, 2], a - b);
        Equal([9, 8, 6], 10 - a);
        Equal([2, 4, 8], a * b);
        Equal([0.5f, 1, 2], a * 0.5);
        Equal([0.5f, 1, 2], a / b);
        Equal([4, 2, 1], 4 / a);
        Equal([1, 0, 0], a % 2);
        Equal([-1, -2, -4], -a);
        Equal([0, 1, 0], a == b);
        Equal([1, 0, 1], a != b);
        Equal([1, 0, 0], a < 2);
        Equal([1, 1, 0], a <= b);
        Equal([0, 0, 1], a > b);
        Equal([0, 1, 1], a >= 2.0);
        Equal([0, 1, 0], (a >= 2) & (a < 4));
        Equal([1, 0, 1], ~(a == b));
    }

    [Fact]
    public void ANumberDoesNotChangeTheElementType()
    {
        Assert.Equal(ScalarType.Float32, (Floats(1) * 2.0).dtype);
        Assert.Equal(ScalarType.Float16, (Floats(1).half() + 1.5).dtype);
        Assert.Equal(ScalarType.Int64, (Longs(1) * 2).dtype);
        Assert.Equal(ScalarType.Float32, (Longs(1) * 2.5).dtype);
        Assert.Equal(ScalarType.Int32, (Longs(1).@int() - 1).dtype);
        Assert.Equal(ScalarType.Float32, (Longs(1) / 2).dtype);
        Equal([0.5f], Longs(1) / 2);
        var x = Floats(2, 3).requires_grad_();
        (x * 3 - 1).sum().backward();
        Equal([3, 3], x.grad!);
    }

    [Fact]
    public void InPlace()
    {
        var a = Floats(1, 2);
        a.add_(Floats(1, 1), alpha: 0.5);
        Equal([1.5f, 2.5f], a);
        a.sub_(0.5f);
        a.mul_(2);
        a.div_(Floats(1, 2));
        Equal([2, 2], a);
        a.addcmul_(Floats(1, 2), Floats(3, 4), 0.5);
        Equal([3.5f, 6], a);
        a.addcdiv_(Floats(1, 2), Floats(2, 4), 2);
        Equal([4.5f, 7], a);
        a.clamp_(5, 6);
        Equal([5, 6], a);
        a.lerp_(Floats(7, 8), 0.5f);
        Equal([6, 7], a);
        a.copy_(Floats(1, 2));
        a.masked_fill_(a > 1, -1);
        Equal([1, -1], a);
    }

    [Fact]
    public void Elementwise()
    {
        Equal([1, 4, 9], Floats(1, 2, 3).pow(2));
        Equal([1, 2, 3], Floats(1, 4, 9).sqrt());
        Equal([1, 0.5f], Floats(1, 4).rsqrt());
        Equal([1, MathF.E], Floats(0, 1).exp());
        Equal([0, 1], Floats(1, MathF.E).log());
        Equal([0, MathF.Log(2)], Floats(0, 1).log1p());
        Equal([1, 2], Floats(-1, 2).abs());
        Equal([0, 2], Floats(-1, 2).relu());
        Equal([0.5f, 0.8807971f], Floats(0, 2).sigmoid());
        Equal([0, 0.9640276f], Floats(0, 2).tanh());
        Equal([0, 0.8413447f, -0.1586553f], Floats(0, 1, -1).gelu());
        Equal([-0.2f, 3], nn.functional.leaky_relu(Floats(-2, 3), 0.1));
        Equal([0, 1, 0], Floats(1, float.NaN, Inf).isnan());
        Equal([0, 0, 1], Floats(1, float.NaN, Inf).isinf());
        Equal([1, 0, 0], Floats(1, float.NaN, Inf).isfinite());
        Equal([2, 3], maximum(Floats(1, 3), Floats(2, 1)));
        Equal([1, 1], minimum(Floats(1, 3), Floats(2, 1)));
        Equal([0, 2, 2], round(Floats(0.5f, 1.5f, 2.5f)));
        Equal([1, 2, 3], Floats(0, 2, 5).clamp(1, 3));
        Equal([-2, 1], Floats(-3, 3).div(2, RoundingMode.floor));
        Equal([1, 20], where(tensor(new[] { true, false }), Floats(1, 2), Floats(10, 20)));
    }

    [Fact]
    public void Reductions()
    {
        var t = Count(2, 3);
        Equal([], [15], t.sum());
        Equal([3], [3, 5, 7], t.sum(0L));
        Equal([2, 1], [3, 12], t.sum(1, keepdim: true));
        Equal([], [2.5f], t.mean());
        Equal([2], [1, 4], t.mean([1]));
        Equal([], [3.5f], t.var());
        Equal([2], [2f / 3, 2f / 3], t.var([1], unbiased: false));
        Equal([2], [1, 1], t.std(1));
        Equal([], [MathF.Sqrt(55)], t.norm());
        Equal([2, 1], [MathF.Sqrt(5), MathF.Sqrt(50)], t.norm(1, keepdim: true), 1e-5f);
        Equal([2], [3, 12], t.norm(1, p: 1));
        Equal([], [5], t.max());
        var (values, indexes) = t.max(1);
        Equal([2], [2, 5], values);
        Equal([2], [2, 2], indexes);
        Equal([3], [0, 1, 2], t.min(0).values);
        Equal([3], [3, 4, 5], t.amax([0]));
        Equal([2, 1], [0, 3], t.amin([1], keepdim: true));
        Equal([2], [2, 2], t.argmax(1));
        Equal([2, 3], [0, 1, 3, 3, 7, 12], t.cumsum(1));
        Assert.True(any(t > 4).ToBoolean());
        Assert.False(all(t > 4).ToBoolean());
        Equal([2], [0, 1], (t > 2).all(1));
        Equal([], [720], prodOf(t));
        Equal([2], [MathF.Log(1 + MathF.E + MathF.Exp(2)), 3 + MathF.Log(1 + MathF.E + MathF.Exp(2))], t.logsumexp(1), 1e-5f);
        Equal([2], [1, 1], t.softmax(1).sum(1));
        Equal([2], [1, 1], t.log_softmax(1).exp().sum(1));

        static Tensor prodOf(Tensor t) => (t + 1).prod();
    }

    [Fact]
    public void SortingAndCounting()
    {
        var (values, indexes) = Floats(3, 1, 2).topk(2);
        Equal([3, 2], values);
        Equal([0, 2], indexes);
        var (sorted, order) = Floats(3, 1, 2).sort();
        Equal([1, 2, 3], sorted);
        Equal([1, 2, 0], order);
        Equal([0, 2, 1], Floats(3, 1, 2).argsort(descending: true));
        Equal([1, 0, 2], bincount(Longs(0, 2, 2)));
        Equal([2, 3], [0, 0, 1, 1, 0, 0], nn.functional.one_hot(Longs(2, 0), 3));
        var (distinct, inverse, counts) = Longs(5, 3, 5).unique(return_inverse: true, return_counts: true);
        Equal([3, 5], distinct);
        Equal([1, 0, 1], inverse!);
        Equal([1, 2], counts!);
        Assert.True(Floats(1, 2).allclose(Floats(1, 2.0000001f)));
        Assert.True(Floats(1, 2).Equals(Floats(1, 2)));
        Assert.False(Floats(1, 2).Equals(Floats(1, 3)));
    }

    [Fact]
    public void Products()
    {
        Tensor a = Count(2, 2), b = eye(2) * 2;
        Equal([2, 2], [0, 2, 4, 6], a.mm(b));
        Equal([2, 2], [0, 2, 4, 6], matmul(a, b));
        Equal([2, 2], [0.5f, 2, 4, 6.5f], eye(2).addmm(a, b, beta: 0.5f));
        Equal([1, 2, 2], [0, 2, 4, 6], a.unsqueeze(0).bmm(b.unsqueeze(0)));
        Equal([2, 2], [0, 2, 4, 6], einsum("ij,jk->ik", a, b));
        Equal([2, 2], [3, 4, 6, 8], outer(Floats(1, 2), Floats(3, 4)));
        Equal([1, 2], [5, 0], cdist(tensor(new float[,] { { 3, 4 } }), tensor(new float[,] { { 0, 0 }, { 3, 4 } })), 1e-5f);
        Equal([], [3], a.trace());
    }
}
