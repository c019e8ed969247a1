using System.IO.Hashing;
using System.Runtime.InteropServices;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests;

/// <summary>The layout in memory changes how fast a backbone trains, not what it computes.</summary>
public class FeatureMapsTests
{
    private static readonly BackboneRecipe[] s_backbones =
    [
        new() { Name = "conv4" },
        new() { Name = "resnet18", Stem = "cifar" },
        new() { Name = "resnet18", Stem = "imagenet" },
        new() { Name = "resnet50", Stem = "cifar" },
    ];

    public static TheoryData<int> Backbones => [.. Enumerable.Range(0, s_backbones.Length)];

    [Theory]
    [MemberData(nameof(Backbones))]
    public void Features_and_statistics_are_those_of_a_plain_layout(int index)
    {
        using var net = Create(index);
        var (features, _, statistics) = Train(net, images: 8, side: 32);
        foreach (var norm in net.modules().OfType<BatchNorm>())
            norm.Statistics = new Plain();
        var (expectedFeatures, _, expectedStatistics) = Train(net, images: 8, side: 32);
        Close(expectedFeatures, features, 1e-3);
        foreach (var (expected, actual) in expectedStatistics.Zip(statistics))
            Close(expected, actual, 1e-3);
    }

    /// <summary>One block: behind twenty ReLUs, an input that rounding moves over a kink changes gradients by a tenth in any two layouts.</summary>
    [Theory]
    [InlineData(64, 64, 1)]
    [InlineData(24, 40, 2)]
    public void Gradients_are_those_of_a_plain_layout(int inputs, int width, int stride)
    {
        using var scope = NewDisposeScope();
        using var block = new BasicBlock(inputs, width, stride);
        Initialization.Reset(block, 5);
        var norm = block.modules().OfType<BatchNorm>().First();
        var images = Numbers(1, 6, inputs, 12, 12).requires_grad_();
        var actual = Gradients();
        using var plain = norm.Statistics = new Plain();
        var expected = Gradients();
        for (var i = 0; i < expected.Count; i++)
            Assert.InRange(((actual[i] - expected[i]).norm() / expected[i].norm()).item<float>(), 0, 0.005);

        List<Tensor> Gradients()
        {
            var maps = block.call(FeatureMaps.Of(images));
            return [.. autograd.grad([maps], [images, .. block.parameters()], [Numbers(2, maps.shape)])];
        }
    }

    [Theory]
    [MemberData(nameof(Backbones))]
    public void Bits_do_not_depend_on_what_memory_held_before(int index)
    {
        using var net = Create(index);
        foreach (var (images, side) in new[] { (2, 8), (3, 9), (4, 16) })
        {
            var once = Train(net, images, side);
            Fill(float.NaN);
            var again = Train(net, images, side);
            Assert.True(Bits(once).SequenceEqual(Bits(again)), $"{images} images of {side} pixels");
        }

        static byte[] Bits((float[] Features, List<float[]> Gradients, List<float[]> Statistics) pass)
            => [.. new[] { pass.Features }.Concat(pass.Gradients).Concat(pass.Statistics).SelectMany(v => XxHash128.Hash(MemoryMarshal.AsBytes(v.AsSpan())))];

        // Freed at once: the allocator gives it to whoever asks next.
        static void Fill(float value)
        {
            using var scope = NewDisposeScope();
            for (var size = 16; size <= 1 << 20; size *= 2)
            {
                for (var copies = 0; copies < 8; copies++)
                    full([size], value);
            }
        }
    }


    private static Backbone Create(int index)
    {
        var net = BackboneCatalog.Create(s_backbones[index]);
        Initialization.Reset(net, 3);
        net.train();
        return net;
    }

    /// <summary>A pass forward and back.</summary>
    private static (float[] Features, List<float[]> Gradients, List<float[]> Statistics) Train(Backbone net, int images, int side)
    {
        using var scope = NewDisposeScope();
        var norms = net.modules().OfType<BatchNorm>().ToList();
        foreach (var norm in norms)
            norm.BeginMicroBatch();
        net.zero_grad();
        var features = net.call(Numbers(1, images, 3, side, side));
        (features * Numbers(2, features.shape)).sum().backward();
        return (
            Values(features),
            [.. net.parameters().Select(p => Values(p.grad!))],
            [.. norms.SelectMany(n => new[] { Values(n.BatchStatistics!.Value.Mean), Values(n.BatchStatistics!.Value.Variance) })]);
    }

    /// <summary>Normal numbers that depend on the seed alone.</summary>
    private static Tensor Numbers(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed, CPU);
        return randn(shape, generator: generator);
    }

    private static float[] Values(Tensor tensor) => tensor.detach().contiguous().data<float>().ToArray();

    /// <summary>To a fraction of the largest value.</summary>
    private static void Close(float[] expected, float[] actual, double tolerance)
    {
        var scale = expected.Max(Math.Abs);
        Assert.All(expected.Zip(actual), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, tolerance * scale));
    }

    /// <summary>The statistics of the micro-batch, by a class for which no layout was chosen.</summary>
    private sealed class Plain : IBatchStatistics
    {
        private readonly MicroBatchStatistics _inner = new();

        public (Tensor Mean, Tensor Variance)? Collected => _inner.Collected;

        public void Begin() => _inner.Begin();

        public Tensor Normalize(Tensor input, Tensor? weight, Tensor? bias, double epsilon) => _inner.Normalize(input, weight, bias, epsilon);

        public void Dispose() => _inner.Dispose();
    }
}
