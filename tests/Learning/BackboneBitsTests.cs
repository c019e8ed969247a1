using System.IO.Hashing;
using System.Runtime.InteropServices;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>A backbone's pass has the same bits whatever memory held before, for shapes that libtorch's kernels treat in different ways.</summary>
public class BackboneBitsTests
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
}
