using TorchSharp;
using static SslOrleans.Torch.Tests.Values;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Torch.Tests;

public class FunctionalTests
{
    [Fact]
    public void Layers()
    {
        var image = Count(1, 1, 3, 3);
        Equal([1, 1, 2, 2], [8, 12, 20, 24], functional.conv2d(image, ones(1, 1, 2, 2)));
        Equal([1, 1, 2, 2], [0, 3, 9, 24], functional.conv2d(image, ones(1, 1, 2, 2), strides: [2, 2], padding: [1, 1]));
        Equal([1, 1, 3, 3], functional.conv2d(image, ones(1, 1, 3, 3), padding: [1, 1]).data<float>().ToArray(), functional.conv2d_padding(image, ones(1, 1, 3, 3), padding: Padding.Same));
        Equal([1, 2], [4, 2], functional.linear(Floats(1, 2).unsqueeze(0), tensor(new float[,] { { 1, 1 }, { 0, 1 } }), Floats(1, 0)));
        Equal([1, 1, 1, 1], [4], functional.adaptive_avg_pool2d(image, 1));
        Equal([1, 1, 2, 2], [2, 3, 5, 6], functional.avg_pool2d(image, 2, stride: 1));
        Equal([1, 1, 2, 2], [4, 5, 7, 8], functional.max_pool2d(image, 2, stride: 1));
        Equal([1, 3], [-1.2247356f, 0, 1.2247356f], functional.layer_norm(Count(1, 3), [3]), 1e-5f);
        Equal([1, 2], [0.6f, 0.8f], functional.normalize(tensor(new float[,] { { 3, 4 } })));
        Equal([1, 2], [0, 0], functional.normalize(zeros(1, 2)));
        Equal([1, 4, 4], [0, 1, 3, 4, 1, 2, 4, 5, 3, 4, 6, 7, 4, 5, 7, 8], functional.unfold(image, 2));
        Equal([1, 1, 5, 3], [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0], functional.pad(image, (0, 0, 1, 1)));
        Equal([1, 4], [1, 0, 1, 0], functional.pad(Count(1, 2), (1, 1), PaddingModes.Reflect));
        Equal([1, 1, 4, 4], [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3], functional.interpolate(Count(1, 1, 2, 2), size: [4, 4]));
        Equal([1, 1, 1, 3], [0, 0.5f, 1], functional.interpolate(Count(1, 1, 1, 2), size: [1, 3], mode: InterpolationMode.Bilinear, align_corners: true));
        Equal([1, 1, 1, 1], [1.5f], functional.interpolate(Count(1, 1, 2, 2), scale_factor: [0.5], mode: InterpolationMode.Area));
    }

    [Fact]
    public void Losses()
    {
        Tensor logits = tensor(new float[,] { { 0, 0 }, { 0, MathF.Log(3) } }), classes = Longs(0, 1);
        Equal([(MathF.Log(2) + MathF.Log(4f / 3)) / 2], functional.cross_entropy(logits, classes));
        Equal([2], [MathF.Log(2), MathF.Log(4f / 3)], functional.cross_entropy(logits, classes, reduction: Reduction.None));
        Equal([MathF.Log(2)], functional.cross_entropy(logits, Longs(0, -1), ignore_index: -1));
        Equal([(MathF.Log(2) + MathF.Log(4f / 3)) / 2], functional.nll_loss(logits.log_softmax(1), classes));
        Equal([2.5f], functional.mse_loss(Floats(1, 2), Floats(0, 4)));
        Equal([1.5f], functional.l1_loss(Floats(1, 2), Floats(0, 4)));
        Equal([1f], functional.smooth_l1_loss(Floats(1, 2), Floats(0, 4)));
        Equal([MathF.Log(2)], functional.binary_cross_entropy_with_logits(Floats(0), Floats(1)));
        Equal([0.5f * MathF.Log(0.5f / 0.25f) + 0.5f * MathF.Log(0.5f / 0.75f)], functional.kl_div(Floats(0.25f, 0.75f).log(), Floats(0.5f, 0.5f), log_target: false, reduction: Reduction.Sum));
        Equal([0.8f], functional.cosine_similarity(tensor(new float[,] { { 0, 1 } }), tensor(new float[,] { { 3, 4 } })));
    }

    [Fact]
    public void Attention()
    {
        var q = tensor(new float[,] { { 1, 0 }, { 0, 1 } }).unsqueeze(0);
        var v = tensor(new float[,] { { 1, 2 }, { 3, 4 } }).unsqueeze(0);
        var p = 1 / (1 + MathF.Exp(-1 / MathF.Sqrt(2)));
        Equal([1, 2, 2], [3 - 2 * p, 4 - 2 * p, 1 + 2 * p, 2 + 2 * p], functional.scaled_dot_product_attention(q, q, v));
        Equal([1, 2, 2], [1, 2, 1 + 2 * p, 2 + 2 * p], functional.scaled_dot_product_attention(q, q, v, is_casual: true));
        Assert.Throws<ArgumentException>(() => functional.scaled_dot_product_attention(q, q, v, ones(2, 2), is_casual: true));
    }

    [Fact]
    public void LinearAlgebra()
    {
        var a = tensor(new double[,] { { 4, 2 }, { 2, 3 } });
        Tensor identity = eye(2, dtype: ScalarType.Float64);
        var l = linalg.cholesky(a);
        Assert.True(l.mm(l.t()).allclose(a));
        Assert.True(linalg.inv(a).mm(a).allclose(identity));
        var (values, vectors) = linalg.eigh(a);
        Assert.True(vectors.mm(diag(values)).mm(vectors.t()).allclose(a));
        var (u, s, vh) = linalg.svd(a);
        Assert.True(u.mm(diag(s)).mm(vh).allclose(a));
        Assert.True(linalg.svdvals(a).allclose(s));
        var (q, r) = linalg.qr(a);
        Assert.True(q.mm(r).allclose(a));
        Assert.True(linalg.solve(a, identity).allclose(linalg.inv(a)));
        Assert.True(linalg.solve_triangular(l, identity, upper: false).mm(l).allclose(identity));
        Assert.True(linalg.lstsq(a, identity).Solution.allclose(linalg.inv(a)));
        Assert.Equal(Math.Sqrt(33), linalg.norm(a).ToDouble(), 10);
        Assert.Equal(Math.Sqrt(33), linalg.matrix_norm(a).ToDouble(), 10);
        Assert.Equal(11, linalg.vector_norm(a, 1).ToDouble(), 10);
        Assert.Equal(8, linalg.det(a).ToDouble(), 10);
    }

    [Fact]
    public void ThreadsAndDevices()
    {
        var before = get_num_threads();
        set_num_threads(1);
        var elsewhere = 0;
        var thread = new Thread(() => elsewhere = get_num_threads());
        thread.Start();
        thread.Join();
        Assert.Equal(1, elsewhere);
        set_num_threads(before);
        Assert.Equal(before, get_num_threads());
        Assert.Matches(@"^\d+\.\d+", __version__);
        Assert.Equal(cuda.device_count() > 0, cuda.is_available());
        if (!cuda.is_available()) Assert.Throws<InvalidOperationException>(() => device("cuda:0"));
        Assert.Throws<ArgumentException>(() => device("toaster"));
    }
}
