using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>
/// Pixels from the features of an image: a linear layer makes a small map, each stage doubles its side and halves its channels (nearest neighbour,
/// 3 × 3 convolution, ReLU), a linear layer at each pixel gives the channels. <c>[N, F]</c> to <c>[N, channels, side, side]</c>.
/// </summary>
/// <remarks>
/// Maps have a multiple of 16 channels: oneDNN pads others, and reads what nobody has written in the padding of a gradient of 3 channels, as a
/// convolution in the place of the last layer would have.
/// </remarks>
public sealed class PixelDecoder : Module<Tensor, Tensor>
{
    /// <summary>Channels of a map are a multiple of this.</summary>
    public const int Multiple = 16;

    private const int LargestStart = 5;

    private readonly int _start;
    private readonly int _width;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Module<Tensor, Tensor> expand;
    private readonly ModuleList<Module<Tensor, Tensor>> stages = [];
    private readonly Module<Tensor, Tensor> last;
#pragma warning restore IDE0044

    /// <param name="inputs">F.</param>
    /// <param name="width">Channels of the first map, a multiple of <see cref="Multiple"/>.</param>
    /// <param name="channels">Channels that come out.</param>
    /// <param name="side">Pixels along a side.</param>
    public PixelDecoder(int inputs, int width, int channels, int side)
        : base(nameof(PixelDecoder))
    {
        var doublings = 0;
        for (_start = side; _start > LargestStart && _start % 2 == 0; _start /= 2)
            doublings++;
        _width = width;
        expand = Linear(inputs, width * _start * _start);
        for (var i = 0; i < doublings; i++, width = Half(width))
            stages.append(Conv2d(width, Half(width), 3, padding: 1));
        last = Linear(width, channels);
        RegisterComponents();
    }

    public override Tensor forward(Tensor features)
    {
        var map = expand.call(features).relu().reshape(features.shape[0], _width, _start, _start);
        foreach (var stage in stages)
            map = stage.call(Doubled(map)).relu();
        return last.call(map.permute(0, 2, 3, 1)).permute(0, 3, 1, 2);
    }

    private static int Half(int width) => Math.Max(Multiple, width / 2 / Multiple * Multiple);

    private static Tensor Doubled(Tensor map)
    {
        var (n, c, h, w) = (map.shape[0], map.shape[1], map.shape[2], map.shape[3]);
        return map.reshape(n, c, h, 1, w, 1).expand(n, c, h, 2, w, 2).reshape(n, c, 2 * h, 2 * w);
    }
}
