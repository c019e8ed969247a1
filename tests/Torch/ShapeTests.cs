using TorchSharp;
using static SslOrleans.Torch.Tests.Values;
using static TorchSharp.torch;

namespace SslOrleans.Torch.Tests;

public class ShapeTests
{
    [Fact]
    public void Views()
    {
        var t = Count(2, 3);
        Equal([3, 2], [0, 1, 2, 3, 4, 5], t.view(3, 2));
        Equal([6], [0, 1, 2, 3, 4, 5], t.flatten());
        Equal([3, 2], [0, 3, 1, 4, 2, 5], t.t());
        Equal([3, 2], [0, 3, 1, 4, 2, 5], t.transpose(0, 1).contiguous());
        Equal([3, 2], [0, 3, 1, 4, 2, 5], t.permute(1, 0));
        Equal([2, 1, 3], [0, 1, 2, 3, 4, 5], t.unsqueeze(1));
        Equal([2, 3], [0, 1, 2, 3, 4, 5], t.unsqueeze(1).squeeze(1));
        Equal([2, 3, 1], [0, 1, 2, 3, 4, 5], t.unflatten(1, 3, 1));
        Equal([2, 2], [1, 1, 2, 2], Floats(1, 2).unsqueeze(1).expand(2, 2));
        Equal([2, 2], [1, 2, 1, 2], Floats(1, 2).repeat(2, 1));
        Equal([4], [1, 1, 2, 2], Floats(1, 2).repeat_interleave(2));
        Equal([2, 3], [2, 1, 0, 5, 4, 3], t.flip(1));
        Equal([2, 3], [2, 0, 1, 5, 3, 4], t.roll(1, 1));
        Equal([6], [5, 0, 1, 2, 3, 4], t.flatten().roll(1));
        Equal([2, 3], [0, 0, 0, 3, 4, 0], t.tril());
        Equal([2], [0, 4], t.diagonal());
        Equal([2, 2], [1, 0, 0, 2], diag(Floats(1, 2)));
        Equal([2, 2], [0, 1, 1, 2], Floats(0, 1, 2).unfold(0, 2, 1));
        Assert.False(t.t().is_contiguous());
        var view = t.view(6);
        view.zero_();
        Equal([0, 0, 0, 0, 0, 0], t);
    }

    [Fact]
    public void JoiningAndSplitting()
    {
        var t = Count(2, 3);
        Equal([4, 3], [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5], cat([t, t]));
        Equal([2, 2, 3], [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5], stack([t, t]));
        var halves = t.split(2, 1);
        Equal([2, 2], [0, 1, 3, 4], halves[0]);
        Equal([2, 1], [2, 5], halves[1]);
        Assert.Equal(2, t.chunk(2, 1).Length);
        Equal([2, 2], [1, 2, 4, 5], t.split([1L, 2L], 1)[1]);
        Equal([3], [3, 4, 5], t.unbind()[1]);
        Assert.Throws<ArgumentException>(() => cat(Array.Empty<Tensor>()));
    }

    [Fact]
    public void Indexing()
    {
        var t = Count(2, 3, 4);
        Equal([3, 4], Enumerable.Range(12, 12).Select(i => (float)i).ToArray(), t[1]);
        Equal([], [23], t[1, 2, 3]);
        Equal([2, 3], [0, 4, 8, 12, 16, 20], t[TensorIndex.Ellipsis, 0]);
        Equal([2, 1, 4], [4, 5, 6, 7, 16, 17, 18, 19], t[.., 1..2]);
        Equal([2, 3, 1], [3, 7, 11, 15, 19, 23], t[TensorIndex.Ellipsis, TensorIndex.Slice(-1)]);
        Equal([2, 3, 2], [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22], t[TensorIndex.Ellipsis, TensorIndex.Slice(null, null, 2)]);
        Equal([1, 2], [0, 1], t[0, 0, ..2][TensorIndex.None]);
        Equal([2, 4], [8, 9, 10, 11, 0, 1, 2, 3], t[0].index(Longs(2, 0)));
        Equal([2, 2], [2, 0, 6, 4], t[0, ..2, TensorIndex.Tensor(Longs(2, 0))]);
        Equal([3], [21, 22, 23], t[t > 20]);
        Equal([2], [11, 23], t[.., TensorIndex.Single(2), TensorIndex.Single(-1)]);
        Equal([2, 3], [1, 5, 9, 13, 17, 21], t.select(2, 1));
        Equal([2, 3, 1], [1, 5, 9, 13, 17, 21], t.slice(2, 1, 2, 1));
        Equal([2, 3, 1], [1, 5, 9, 13, 17, 21], t.narrow(2, 1, 1));
        Equal([2, 1, 4], [8, 9, 10, 11, 20, 21, 22, 23], t.index_select(1, Longs(2)));
    }

    [Fact]
    public void Assigning()
    {
        var t = zeros(2, 3);
        t[0] = Floats(1, 2, 3);
        t[1, 2] = tensor(9f);
        Equal([1, 2, 3, 0, 0, 9], t);
        t[.., 1..] = tensor(5f);
        Equal([1, 5, 5, 0, 5, 5], t);
        t.index_put_(tensor(7f), TensorIndex.Tensor(Longs(1)), TensorIndex.Tensor(Longs(0)));
        Equal([1, 5, 5, 7, 5, 5], t);
        t[t == 5] = tensor(0f);
        Equal([1, 0, 0, 7, 0, 0], t);
        var sums = zeros(3).index_add_(0, Longs(0, 2, 2), Floats(1, 2, 3), 1);
        Equal([1, 0, 5], sums);
        Equal([0, 10, 20], Floats(0, 20, 10).gather(0, Longs(0, 2, 1)));
        Equal([0, 3, 2], zeros(3).scatter_(0, Longs(2, 1), Floats(2, 3)));
        Equal([0, 5], zeros(2).scatter_add(0, Longs(1, 1), Floats(2, 3)));
    }
}
