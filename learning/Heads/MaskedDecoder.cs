using SslOrleans.Learning.Backbones;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Heads;

/// <summary>
/// A small transformer that fills hidden places (He et al. 2022, MAE's decoder; Assran et al. 2023, I-JEPA's predictor):
/// encoded tokens, a learned token at each hidden place and fixed positions go in, a vector per patch comes out.
/// </summary>
public sealed class MaskedDecoder : Module<Tensor, Tensor, Tensor>, IInitialWeights
{
    private readonly int _width;
    private Parameter mask_token;
    private Parameter pos_embed;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Linear embed;
    private readonly Sequential blocks;
    private readonly LayerNorm norm;
    private readonly Linear pred;
#pragma warning restore IDE0044

    /// <param name="inputs">Width of the encoded tokens.</param>
    /// <param name="width">Width of the decoder; divisible by 4 and by <paramref name="heads"/>.</param>
    /// <param name="depth">Blocks.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="outputs">Values per patch.</param>
    /// <param name="grid">Patches along a side.</param>
    public MaskedDecoder(int inputs, int width, int depth, int heads, int outputs, int grid)
        : this(inputs, width, depth, heads, outputs, Positions.SineCosine(grid, width))
    {
    }

    /// <param name="inputs">Width of the encoded tokens.</param>
    /// <param name="width">Width of the decoder; divisible by 4 and by <paramref name="heads"/>.</param>
    /// <param name="depth">Blocks.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="outputs">Values per patch.</param>
    /// <param name="positions">Fixed ones <c>[1, 1 + P, width]</c>, [cls] first.</param>
    public MaskedDecoder(int inputs, int width, int depth, int heads, int outputs, Tensor positions)
        : base(nameof(MaskedDecoder))
    {
        _width = width;
        mask_token = Parameter(zeros(1, 1, width));
        pos_embed = Parameter(positions, requires_grad: false);
        embed = Linear(inputs, width);
        blocks = Sequential(Enumerable.Range(0, depth).Select(_ => (Module<Tensor, Tensor>)new VitBlock(width, heads)));
        norm = LayerNorm(width, 1e-6);
        pred = Linear(width, outputs);
        RegisterComponents();
    }

    /// <param name="tokens">Encoded [cls] and visible patches <c>[N, 1 + V, inputs]</c>.</param>
    /// <param name="restore">Where in (visible, hidden) each patch stands <c>[N, P]</c>.</param>
    /// <returns><c>[N, P, outputs]</c>, patches in image order.</returns>
    public override Tensor forward(Tensor tokens, Tensor restore)
    {
        var x = embed.call(tokens);
        var (n, p) = (restore.shape[0], restore.shape[1]);
        var hidden = mask_token.expand(n, p - x.shape[1] + 1, _width);
        var patches = cat([x.narrow(1, 1, x.shape[1] - 1), hidden], 1);
        var ordered = patches.gather(1, restore.unsqueeze(-1).expand(n, p, _width));
        var all = cat([x.narrow(1, 0, 1), ordered], 1) + pos_embed;
        return pred.call(norm.call(blocks.call(all))).narrow(1, 1, p);
    }

    /// <summary>The hidden places alone come out, each predicted from the visible ones and from those that are asked for with it.</summary>
    /// <param name="tokens">Encoded [cls] and visible patches <c>[N, 1 + V, inputs]</c>.</param>
    /// <param name="visible">Places of the visible patches <c>[N, V]</c>.</param>
    /// <param name="hidden">Places to predict <c>[N, H]</c>.</param>
    /// <returns><c>[N, H, outputs]</c>.</returns>
    public Tensor Predict(Tensor tokens, Tensor visible, Tensor hidden)
    {
        var (n, v, h) = (hidden.shape[0], visible.shape[1], hidden.shape[1]);
        Tensor At(Tensor places) => pos_embed.expand(n, -1, -1).gather(1, (places + 1).unsqueeze(-1).expand(n, places.shape[1], _width));
        var seen = embed.call(tokens) + cat([pos_embed.narrow(1, 0, 1).expand(n, 1, _width), At(visible)], 1);
        var all = cat([seen, mask_token.expand(n, h, _width) + At(hidden)], 1);
        return pred.call(norm.call(blocks.call(all)).narrow(1, 1 + v, h));
    }

    public InitialWeights? Rule(Module owner, string name, Tensor parameter) => (owner, name) switch
    {
        (MaskedDecoder, "mask_token") => new InitialWeights(InitialKind.Normal, 0.02),
        (MaskedDecoder, "pos_embed") => new InitialWeights(InitialKind.Keep),
        (Modules.Linear, "weight") => new InitialWeights(InitialKind.TruncatedNormal, 0.02),
        (Modules.Linear, "bias") => new InitialWeights(InitialKind.Constant, 0),
        _ => null,
    };
}
