using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Backbones;

#pragma warning disable IDE0044 // RegisterComponents reads fields.

/// <summary>Pixels <c>[N, 3, H, W]</c> to patch tokens <c>[N, P, D]</c>, row by row.</summary>
internal sealed class VitPatchEmbedding : Module<Tensor, Tensor>
{
    private readonly Conv2d proj;

    public VitPatchEmbedding(int patchSize, int width, bool frozen)
        : base(nameof(VitPatchEmbedding))
    {
        proj = Conv2d(3, width, patchSize, stride: patchSize);
        RegisterComponents();
        if (!frozen)
            return;
        foreach (var parameter in proj.parameters())
            parameter.requires_grad = false;
    }

    public override Tensor forward(Tensor images) => proj.call(images).flatten(2).transpose(1, 2);
}

/// <summary>What the attentions of a transformer may look at in the pass under way.</summary>
internal sealed class AttentionMask
{
    /// <summary>Booleans that broadcast to <c>[N, heads, T, T]</c>, true where a token (row) sees another (column); null: everywhere.</summary>
    public Tensor? Seen { get; set; }
}

/// <summary>Multi-head self-attention on tokens <c>[N, T, D]</c>.</summary>
internal sealed class VitAttention : Module<Tensor, Tensor>
{
    private readonly int _heads;
    private readonly AttentionMask? _mask;
    private readonly Linear qkv;
    private readonly Linear proj;

    public VitAttention(int width, int heads, AttentionMask? mask = null)
        : base(nameof(VitAttention))
    {
        (_heads, _mask) = (heads, mask);
        qkv = Linear(width, width * 3);
        proj = Linear(width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens)
    {
        var (n, t, d) = (tokens.shape[0], tokens.shape[1], tokens.shape[2]);
        var split = Split(tokens);
        var mixed = functional.scaled_dot_product_attention(split.select(0, 0), split.select(0, 1), split.select(0, 2), _mask?.Seen);
        return proj.call(mixed.transpose(1, 2).reshape(n, t, d));
    }

    /// <summary>Weights with which the first token takes the others' values <c>[N, heads, T]</c>.</summary>
    public Tensor OfFirst(Tensor tokens)
    {
        var split = Split(tokens);
        var first = split.select(0, 0).narrow(2, 0, 1) / Math.Sqrt((double)tokens.shape[2] / _heads);
        return first.matmul(split.select(0, 1).transpose(2, 3)).softmax(-1).squeeze(2);
    }

    /// <summary>Queries, keys and values <c>[3, N, heads, T, D/heads]</c>.</summary>
    private Tensor Split(Tensor tokens)
        => qkv.call(tokens).reshape(tokens.shape[0], tokens.shape[1], 3, _heads, tokens.shape[2] / _heads).permute(2, 0, 3, 1, 4);
}

/// <summary>Linear, GELU, Linear.</summary>
internal sealed class VitMlp : Module<Tensor, Tensor>
{
    private readonly Linear fc1;
    private readonly Linear fc2;

    public VitMlp(int width)
        : base(nameof(VitMlp))
    {
        fc1 = Linear(width, width * 4);
        fc2 = Linear(width * 4, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens) => fc2.call(functional.gelu(fc1.call(tokens)));
}

/// <summary>A learned factor per channel on a residual branch (K55).</summary>
internal sealed class VitLayerScale : Module<Tensor, Tensor>, IInitialWeights
{
    private readonly double _initial;
    private Parameter gamma;

    public VitLayerScale(int width, double initial)
        : base(nameof(VitLayerScale))
    {
        _initial = initial;
        gamma = Parameter(zeros(width));
        RegisterComponents();
    }

    public InitialWeights? Rule(Module owner, string name, Tensor parameter) => new InitialWeights(InitialKind.Constant, _initial);

    public override Tensor forward(Tensor tokens) => tokens * gamma;
}

/// <summary>A pre-norm transformer block with timm's key names.</summary>
internal sealed class VitBlock : Module<Tensor, Tensor>
{
    private readonly DropPath? _dropPath;
    private readonly int _number;
    private readonly double _rate;
    private readonly LayerNorm norm1;
    private readonly VitAttention attn;
    private readonly VitLayerScale? ls1;
    private readonly LayerNorm norm2;
    private readonly VitMlp mlp;
    private readonly VitLayerScale? ls2;

    public VitBlock(int width, int heads, double layerScale = 0, DropPath? dropPath = null, int number = 0, double rate = 0, AttentionMask? mask = null)
        : base(nameof(VitBlock))
    {
        (_dropPath, _number, _rate) = (dropPath, number, rate);
        norm1 = LayerNorm(width, 1e-6);
        attn = new VitAttention(width, heads, mask);
        norm2 = LayerNorm(width, 1e-6);
        mlp = new VitMlp(width);
        if (layerScale > 0)
        {
            ls1 = new VitLayerScale(width, layerScale);
            ls2 = new VitLayerScale(width, layerScale);
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens)
    {
        var x = tokens + Branch(attn.call(norm1.call(tokens)), ls1, 0);
        return x + Branch(mlp.call(norm2.call(x)), ls2, 1);
    }

    /// <summary>What the first of the tokens that come in looks at <c>[N, heads, T]</c>.</summary>
    public Tensor ClassAttention(Tensor tokens) => attn.OfFirst(norm1.call(tokens));

    private Tensor Branch(Tensor output, VitLayerScale? scale, int branch)
    {
        var scaled = scale is null ? output : scale.call(output);
        return training && _rate > 0 && _dropPath?.Mask(_number, branch, scaled.shape[0], _rate, scaled.device) is { } mask ? scaled * mask : scaled;
    }
}
