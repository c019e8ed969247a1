using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Backbones;

#pragma warning disable IDE0044 // RegisterComponents reads fields.

/// <summary>Layer norm over the channels of a map <c>[N, C, H, W]</c>.</summary>
internal sealed class ChannelNorm : Module<Tensor, Tensor>, IInitialWeights
{
    private readonly int _channels;
    private Parameter weight;
    private Parameter bias;

    public ChannelNorm(int channels)
        : base(nameof(ChannelNorm))
    {
        _channels = channels;
        weight = Parameter(ones(channels));
        bias = Parameter(zeros(channels));
        RegisterComponents();
    }

    public override Tensor forward(Tensor map)
        => functional.layer_norm(map.to(weight.dtype).permute(0, 2, 3, 1), [_channels], weight, bias, 1e-6).permute(0, 3, 1, 2);

    public InitialWeights? Rule(Module owner, string name, Tensor parameter) => new InitialWeights(InitialKind.Constant, name == "weight" ? 1 : 0);
}

/// <summary>
/// Global response normalisation (Woo et al. 2023, eq. 1 to 3; K57): each channel is scaled by its length over the image relative to the other channels',
/// γ·X·‖X‖/mean ‖X‖ + β + X. <c>[N, H, W, C]</c>; hidden places are 0 and add nothing to a length.
/// </summary>
internal sealed class ResponseNorm : Module<Tensor, Tensor>, IInitialWeights
{
    private Parameter weight;
    private Parameter bias;

    public ResponseNorm(int channels)
        : base(nameof(ResponseNorm))
    {
        weight = Parameter(zeros(channels));
        bias = Parameter(zeros(channels));
        RegisterComponents();
    }

    public override Tensor forward(Tensor map)
    {
        var length = (map.square().sum([1, 2], keepdim: true) + 1e-12).sqrt();
        var relative = length / (length.mean([-1], keepdim: true) + 1e-6);
        return (weight * (map * relative)) + bias + map;
    }

    public InitialWeights? Rule(Module owner, string name, Tensor parameter) => new InitialWeights(InitialKind.Constant, 0);
}

/// <summary>The two layers at each place, with the response norm between them.</summary>
internal sealed class ConvNextMlp : Module<Tensor, Tensor>
{
    private readonly Linear fc1;
    private readonly ResponseNorm? grn;
    private readonly Linear fc2;

    public ConvNextMlp(int width, bool responseNorm)
        : base(nameof(ConvNextMlp))
    {
        fc1 = Linear(width, 4 * width);
        grn = responseNorm ? new ResponseNorm(4 * width) : null;
        fc2 = Linear(4 * width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor places) => Project(fc1.call(places).gelu());

    /// <summary>The same where 1 − <paramref name="visible"/> <c>[N, H, W, 1]</c> of the places count for nothing.</summary>
    public Tensor Visible(Tensor places, Tensor visible) => Project(fc1.call(places).gelu() * visible);

    private Tensor Project(Tensor hidden) => fc2.call(grn is null ? hidden : grn.call(hidden));
}

/// <summary>A 7 × 7 convolution of each channel, norm, and two layers at each place, beside what came in: <c>[N, C, H, W]</c>.</summary>
internal sealed class ConvNextBlock : Module<Tensor, Tensor>
{
    private readonly Conv2d conv_dw;
    private readonly LayerNorm norm;
    private readonly ConvNextMlp mlp;

    public ConvNextBlock(int width, bool responseNorm = true)
        : base(nameof(ConvNextBlock))
    {
        conv_dw = Conv2d(width, width, 7, padding: 3, groups: width);
        norm = LayerNorm(width, 1e-6);
        mlp = new ConvNextMlp(width, responseNorm);
        RegisterComponents();
    }

    public override Tensor forward(Tensor map) => map + mlp.call(norm.call(conv_dw.call(map).permute(0, 2, 3, 1))).permute(0, 3, 1, 2);

    /// <summary>The same on the places where <paramref name="visible"/> <c>[N, 1, H, W]</c> is 1; the others are 0 before and after.</summary>
    public Tensor Visible(Tensor map, Tensor visible)
    {
        var seen = (conv_dw.call(map * visible) * visible).permute(0, 2, 3, 1);
        return (map + mlp.Visible(norm.call(seen), visible.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)) * visible;
    }
}

/// <summary>A stage: half the side, if it is not the first, then blocks.</summary>
internal sealed class ConvNextStage : Module
{
    private readonly Sequential? downsample;
    private readonly ModuleList<ConvNextBlock> blocks = [];

    public ConvNextStage(int? inputs, int width, int depth, bool responseNorm)
        : base(nameof(ConvNextStage))
    {
        downsample = inputs is { } before ? Sequential(new ChannelNorm(before), Conv2d(before, width, 2, stride: 2)) : null;
        for (var i = 0; i < depth; i++)
            blocks.append(new ConvNextBlock(width, responseNorm));
        RegisterComponents();
    }

    /// <param name="map">The stage before's.</param>
    /// <param name="visible">Places of the last map <c>[N, 1, h, w]</c>, or null.</param>
    public Tensor Run(Tensor map, Tensor? visible)
    {
        map = downsample is null ? map : downsample.call(map);
        if (visible is null)
            return blocks.Aggregate(map, (m, block) => block.call(m));
        var (n, h, w) = (visible.shape[0], visible.shape[2], visible.shape[3]);
        var cell = map.shape[2] / h;
        var seen = visible.reshape(n, 1, h, 1, w, 1).expand(n, 1, h, cell, w, cell).reshape(n, 1, h * cell, w * cell);
        return blocks.Aggregate(map * seen, (m, block) => block.Visible(m, seen));
    }
}

/// <summary>The norm behind the pooling, under timm's name.</summary>
internal sealed class ConvNextHead : Module
{
    private readonly LayerNorm norm;

    public ConvNextHead(int width)
        : base(nameof(ConvNextHead))
    {
        norm = LayerNorm(width, 1e-6);
        RegisterComponents();
    }

    /// <summary>Values <c>[…, D]</c>, normalised over D.</summary>
    public Tensor Normalize(Tensor values) => norm.call(values);
}
