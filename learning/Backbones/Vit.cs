using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// Vision transformer (Dosovitskiy et al. 2021) with timm's layers and key names, without the classifier: any patch size that
/// divides the image, [cls] or mean pooling (K56), LayerScale (K55), stochastic depth (K53), frozen random patch projection (K50).
/// Masked methods use its parts: <see cref="Embed"/>, <see cref="AddPositions"/>, <see cref="Transform"/>.
/// </summary>
public sealed class Vit : Backbone, IInitialWeights
{
    private readonly bool _fixedPositions;
    private readonly bool _meanPooling;
    private readonly DropPath _dropPath = new();
    private Parameter cls_token;
    private Parameter pos_embed;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly VitPatchEmbedding patch_embed;
    private readonly Sequential blocks;
    private readonly LayerNorm norm;
#pragma warning restore IDE0044

    /// <param name="recipe">Patch, image, pooling and depth settings.</param>
    /// <param name="width">D.</param>
    /// <param name="depth">Blocks.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="fixedPositions">Sine and cosine positions in place of learned ones.</param>
    public Vit(BackboneRecipe recipe, int width, int depth, int heads, bool fixedPositions = false)
        : base(recipe.Name)
    {
        FeatureDimension = width;
        PatchSize = recipe.PatchSize;
        Grid = recipe.ImageSize / recipe.PatchSize;
        _fixedPositions = fixedPositions;
        _meanPooling = recipe.Pooling == "mean";
        cls_token = Parameter(zeros(1, 1, width));
        pos_embed = fixedPositions
            ? Parameter(Positions.SineCosine(Grid, width), requires_grad: false)
            : Parameter(zeros(1, 1 + (Grid * Grid), width));
        patch_embed = new VitPatchEmbedding(recipe.PatchSize, width, recipe.FrozenPatchProjection);
        blocks = Sequential(Enumerable.Range(0, depth).Select(i =>
            (Module<Tensor, Tensor>)new VitBlock(width, heads, recipe.LayerScale, _dropPath, i, DropRate(recipe, i, depth))));
        norm = LayerNorm(width, 1e-6);
        RegisterComponents();
    }

    public override int FeatureDimension { get; }

    /// <summary>Side of a patch in pixels.</summary>
    public int PatchSize { get; }

    /// <summary>Patches along a side of the image that the positions are made for.</summary>
    public int Grid { get; }

    /// <summary>Chance that block i of n drops a branch: linear in depth, or the same everywhere (K53).</summary>
    public static double DropRate(BackboneRecipe recipe, int block, int depth)
        => recipe.DropPathRule == "uniform" ? recipe.DropPath : depth == 1 ? 0 : recipe.DropPath * block / (depth - 1);

    public override void BeginMicroBatch(ulong seed, long epoch, IReadOnlyList<long> samples) => _dropPath.Begin(seed, epoch, samples);

    /// <summary>Masked methods run the parts and not the whole: the last norm is what all of them pass. Hidden patches are not in what is seen.</summary>
    public override void Watch(Action<Tensor> watcher) => norm.register_forward_hook((_, _, tokens) =>
    {
        watcher(Pool(tokens.detach()));
        return tokens;
    });

    public override Tensor forward(Tensor images) => Pool(Tokens(images));

    public override Tensor Places(Tensor images)
    {
        var tokens = Tokens(images);
        return tokens.narrow(1, 1, tokens.shape[1] - 1);
    }

    /// <summary>Images to normalised tokens <c>[N, 1 + P, D]</c>, [cls] first.</summary>
    public Tensor Tokens(Tensor images) => Transform(AddPositions(Embed(images)));

    /// <summary>Images to patch tokens <c>[N, P, D]</c> without positions.</summary>
    public Tensor Embed(Tensor images)
    {
        if (images.shape[2] % PatchSize != 0 || images.shape[3] != images.shape[2])
            throw new UserErrorException($"A view of {images.shape[2]}×{images.shape[3]} pixels does not divide into patches of {PatchSize}; change views.*.crop.size or backbone.patchSize.");
        return patch_embed.call(images);
    }

    /// <summary>Adds the positions to all P patch tokens; another grid than the backbone's gets them by bicubic interpolation.</summary>
    public Tensor AddPositions(Tensor patches)
    {
        var positions = pos_embed.narrow(1, 1, pos_embed.shape[1] - 1);
        if (patches.shape[1] == positions.shape[1])
            return patches + positions;
        var side = (long)Math.Sqrt(patches.shape[1]);
        var image = positions.reshape(1, Grid, Grid, FeatureDimension).permute(0, 3, 1, 2);
        var resized = functional.interpolate(image, size: [side, side], mode: InterpolationMode.Bicubic, align_corners: false);
        return patches + resized.flatten(2).transpose(1, 2);
    }

    /// <summary>Any number of patch tokens <c>[N, T, D]</c> through [cls], blocks and the last norm: <c>[N, 1 + T, D]</c>.</summary>
    public Tensor Transform(Tensor patches)
    {
        _dropPath.BeginPass();
        return norm.call(blocks.call(WithClass(patches)));
    }

    /// <summary>What each of the last <paramref name="count"/> blocks puts out, before the last norm: <c>[N, 1 + P, D]</c> each, the last one last (data2vec's targets).</summary>
    public IReadOnlyList<Tensor> Layers(Tensor images, int count)
    {
        _dropPath.BeginPass();
        var tokens = WithClass(AddPositions(Embed(images)));
        var outputs = new List<Tensor>();
        foreach (var block in blocks.children().Cast<VitBlock>())
            outputs.Add(tokens = block.call(tokens));
        return [.. outputs.TakeLast(count)];
    }

    /// <summary>Blocks.</summary>
    public int Depth => blocks.children().Count();

    /// <summary>What [cls] looks at in the last block: <c>[N, heads, 1 + P]</c>, [cls] itself first; each row sums to 1.</summary>
    public Tensor ClassAttention(Tensor images)
    {
        _dropPath.BeginPass();
        var tokens = WithClass(AddPositions(Embed(images)));
        var layers = blocks.children().Cast<VitBlock>().ToList();
        foreach (var block in layers.SkipLast(1))
            tokens = block.call(tokens);
        return layers[^1].ClassAttention(tokens);
    }

    /// <summary>Tokens to features <c>[N, D]</c>: [cls], or the mean of the patch tokens.</summary>
    public Tensor Pool(Tensor tokens) => _meanPooling ? tokens.narrow(1, 1, tokens.shape[1] - 1).mean([1]) : tokens.select(1, 0);

    private Tensor WithClass(Tensor patches)
        => cat([(cls_token + pos_embed.narrow(1, 0, 1)).expand(patches.shape[0], 1, FeatureDimension), patches], 1);

    /// <summary>timm's: truncated normal of 0.02 for linear weights and positions, zero biases; the patch projection as PyTorch's default.</summary>
    InitialWeights? IInitialWeights.Rule(Module owner, string name, Tensor parameter) => (owner, name) switch
    {
        (Vit, "pos_embed") => _fixedPositions ? new InitialWeights(InitialKind.Keep) : new InitialWeights(InitialKind.TruncatedNormal, 0.02),
        (Vit, "cls_token") => new InitialWeights(InitialKind.Normal, 1e-6),
        (Modules.Linear, "weight") => new InitialWeights(InitialKind.TruncatedNormal, 0.02),
        (Modules.Linear, "bias") => new InitialWeights(InitialKind.Constant, 0),
        _ => null,
    };
}
