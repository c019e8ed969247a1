using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests;

/// <summary>
/// Gradients of the convolutional decoders do not depend on what memory held before: a convolution to 3 channels at the end of
/// <see cref="PixelDecoder"/> gave NaN in one of some 150 backward passes.
/// </summary>
public class DecoderBitsTests
{
    [Theory]
    [InlineData(64, 16)]
    [InlineData(48, 6)]
    public void Pixels(int width, int side)
    {
        using var decoder = new PixelDecoder(32, width, 3, side);
        using var features = randn(8, 32);
        AlwaysTheSame(decoder, () => decoder.call(features));
    }

    [Theory]
    [InlineData(64, 4)]
    [InlineData(8, 2)]
    public void Places(int width, int groups)
    {
        using var decoder = new ConvDecoder(32, width, 2, groups, 4);
        using var tokens = randn(8, 6, 32);
        using var noise = randn(8, 10, width);
        using var restore = arange(0, 16).repeat(8).reshape(8, 16);
        AlwaysTheSame(decoder, () => decoder.Decode(tokens, restore, noise));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_product_with_values_of_NET_memory_has_the_same_bits_wherever_the_array_lies(bool ofViews)
    {
        set_num_threads(1);
        var values = Enumerable.Range(0, 4 * 16).Select(i => MathF.Sin(i + 1)).ToArray();
        using var weights = sin(arange(0, 16 * 8, ScalarType.Float32)).reshape(16, 8);
        var found = Enumerable.Range(0, 40).Select(i =>
        {
            using var scope = NewDisposeScope();
            var (before, moved) = (new byte[(i * 12) + 3], values.ToArray());
            var product = (ofViews ? new ViewBuffer(moved, [16]).ToTensor(CPU) : TensorMemory.Aligned(moved, [4, 16], CPU)).mm(weights).Values<float>();
            GC.KeepAlive(before);
            return string.Join(' ', product);
        });
        Assert.Single(found.Distinct());
    }

    private static void AlwaysTheSame(Module module, Func<Tensor> run)
    {
        set_num_threads(1);
        Initialization.Reset(module, 1);
        var parameters = module.parameters().Select(p => (Tensor)p).ToList();
        List<float[]>? first = null;
        for (var i = 0; i < 300; i++)
        {
            using var scope = NewDisposeScope();

            // What freed memory holds.
            foreach (var size in Enumerable.Range(1, 40))
                full(size * 997, float.NaN).Dispose();
            var gradients = autograd.grad([run().square().mean()], parameters).Select(g => g.Values<float>()).ToList();
            first ??= gradients;
            Assert.All(first.Zip(gradients), p => Assert.Equal(p.First, p.Second));
        }
    }
}
