using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>
/// What is known of an image from its tiles: each through the same linear layer, all of them one behind another through a second layer
/// (PIRL, Misra and van der Maaten 2020, section 3.3). <c>[N, T, inputs]</c> to <c>[N, D]</c>.
/// </summary>
public sealed class TileHead : Module<Tensor, Tensor>
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Linear each;
    private readonly Linear all;
#pragma warning restore IDE0044

    /// <param name="inputs">Width of a tile's features.</param>
    /// <param name="tiles">T.</param>
    /// <param name="width">D.</param>
    public TileHead(int inputs, int tiles, int width)
        : base(nameof(TileHead))
    {
        each = Linear(inputs, width);
        all = Linear(tiles * width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tiles) => all.call(each.call(tiles).flatten(1));
}
