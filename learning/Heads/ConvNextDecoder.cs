using SslOrleans.Learning.Backbones;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Heads;

/// <summary>
/// FCMAE's decoder (Woo et al. 2023, section 3.1): the last map brought to its width, a learned token at the hidden places, ConvNeXt V2 blocks, the pixels of every place.
/// </summary>
public sealed class ConvNextDecoder : Module, IInitialWeights
{
    private Parameter mask_token;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Linear proj;
    private readonly Sequential blocks;
    private readonly Linear pred;
#pragma warning restore IDE0044

    /// <param name="inputs">Channels of the map.</param>
    /// <param name="width">Channels of the decoder.</param>
    /// <param name="depth">Blocks.</param>
    /// <param name="outputs">Values at a place.</param>
    /// <param name="responseNorm">With global response normalisation.</param>
    public ConvNextDecoder(int inputs, int width, int depth, int outputs, bool responseNorm)
        : base(nameof(ConvNextDecoder))
    {
        mask_token = Parameter(zeros(1, width, 1, 1));
        proj = Linear(inputs, width);
        blocks = Sequential(Enumerable.Range(0, depth).Select(_ => (Module<Tensor, Tensor>)new ConvNextBlock(width, responseNorm)));
        pred = Linear(width, outputs);
        RegisterComponents();
    }

    /// <summary>A map <c>[N, D, h, w]</c> and where it is visible <c>[N, 1, h, w]</c> to values of all places <c>[N, h·w, outputs]</c>.</summary>
    public Tensor Decode(Tensor map, Tensor visible)
    {
        var wide = proj.call(map.permute(0, 2, 3, 1)).permute(0, 3, 1, 2);
        return pred.call(blocks.call((wide * visible) + (mask_token * (1 - visible))).permute(0, 2, 3, 1).flatten(1, 2));
    }

    public InitialWeights? Rule(Module owner, string name, Tensor parameter) => (owner, name) switch
    {
        (ConvNextDecoder, "mask_token") => new InitialWeights(InitialKind.Normal, 0.02),
        (Modules.Linear or Modules.Conv2d, "weight") => new InitialWeights(InitialKind.TruncatedNormal, 0.02),
        (Modules.Linear or Modules.Conv2d, "bias") => new InitialWeights(InitialKind.Constant, 0),
        _ => null,
    };
}
