using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>
/// data2vec 2.0's decoder (Baevski et al. 2023, section 3.2): visible tokens on their grid, noise at the hidden places, and a few grouped 3 × 3
/// convolutions with layer norm, GELU and a residual connection each.
/// </summary>
public sealed class ConvDecoder : Module
{
    private readonly int _width;
    private readonly int _grid;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Linear embed;
    private readonly ModuleList<Module<Tensor, Tensor>> stages = [];
    private readonly Linear pred;
#pragma warning restore IDE0044

    /// <param name="inputs">F, of tokens and of what comes out.</param>
    /// <param name="width">D, a multiple of <paramref name="groups"/>.</param>
    /// <param name="depth">Convolutions.</param>
    /// <param name="groups">Groups of each.</param>
    /// <param name="grid">Patches along a side.</param>
    public ConvDecoder(int inputs, int width, int depth, int groups, int grid)
        : base(nameof(ConvDecoder))
    {
        (_width, _grid) = (width, grid);
        embed = Linear(inputs, width);
        for (var i = 0; i < depth; i++)
            stages.append(Conv2d(width, width, 3, padding: 1, groups: groups));
        pred = Linear(width, inputs);
        RegisterComponents();
    }

    /// <summary>A vector for every patch <c>[N, P, F]</c>.</summary>
    /// <param name="tokens">Visible patches <c>[N, V, F]</c>.</param>
    /// <param name="restore">Where in (visible, hidden) each patch stands <c>[N, P]</c>.</param>
    /// <param name="noise">What stands at the hidden places <c>[N, H, D]</c>.</param>
    public Tensor Decode(Tensor tokens, Tensor restore, Tensor noise)
    {
        var (n, p) = (restore.shape[0], restore.shape[1]);
        var seen = embed.call(tokens);
        var all = cat([seen, noise.to(seen.dtype)], 1).gather(1, restore.unsqueeze(-1).expand(n, p, _width));
        var map = all.transpose(1, 2).reshape(n, _width, _grid, _grid);
        foreach (var stage in stages)
            map += functional.layer_norm(stage.call(map).permute(0, 2, 3, 1), [_width]).permute(0, 3, 1, 2).gelu();
        return pred.call(map.flatten(2).transpose(1, 2));
    }
}
