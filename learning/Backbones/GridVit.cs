using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// A vision transformer of spectrograms <c>[N, 1, F, T]</c> or clips <c>[N, T, 3, S, S]</c>: patches, of a clip tubelets of several frames, through one linear layer each, with fixed
/// sine and cosine positions (of a spectrogram in two dimensions as Audio-MAE, Huang et al. 2022; of a clip along the sequence as VideoMAE, Tong et al. 2022), to features <c>[N, D]</c>.
/// Masked methods use its parts, as those of <see cref="Vit"/>.
/// </summary>
public sealed class GridVit : Backbone, IInitialWeights
{
    private readonly Func<Tensor, Tensor> _patches;
    private readonly bool _meanPooling;
    private Parameter cls_token;
    private Parameter pos_embed;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Linear patch_embed;
    private readonly Sequential blocks;
    private readonly LayerNorm norm;
#pragma warning restore IDE0044

    private GridVit(string name, Func<Tensor, Tensor> patches, int values, Tensor positions, int width, int depth, int heads, bool meanPooling)
        : base(name)
    {
        (FeatureDimension, PatchValues, _patches, _meanPooling) = (width, values, patches, meanPooling);
        cls_token = Parameter(zeros(1, 1, width));
        pos_embed = Parameter(positions, requires_grad: false);
        patch_embed = Linear(values, width);
        blocks = Sequential(Enumerable.Range(0, depth).Select(_ => (Module<Tensor, Tensor>)new VitBlock(width, heads)));
        norm = LayerNorm(width, 1e-6);
        RegisterComponents();
    }

    public override int FeatureDimension { get; }

    /// <summary>Values of a patch.</summary>
    public int PatchValues { get; }

    /// <summary>P.</summary>
    public int PatchCount => (int)pos_embed.shape[1] - 1;

    /// <summary>The backbone of a recipe of sounds or videos.</summary>
    /// <exception cref="UserErrorException">The patches do not divide a view.</exception>
    public static GridVit Of(Recipe recipe, int width, int depth, int heads)
    {
        var b = recipe.Backbone;
        var values = b.PatchSize * b.PatchSize * (IsSound(recipe) ? 1 : 3 * b.TubeletFrames);
        return new GridVit(b.Name, IsSound(recipe) ? x => GridPatches.OfSpectrograms(x, b.PatchSize) : x => GridPatches.OfClips(x, b.PatchSize, b.TubeletFrames), values, PositionsOf(recipe, width), width, depth, heads, b.Pooling == "mean");
    }

    /// <summary>Fixed positions of a recipe's patches for tokens of some width <c>[1, 1 + P, D]</c>.</summary>
    public static Tensor PositionsOf(Recipe recipe, int width)
    {
        var (layers, places) = Grid(recipe);
        return IsSound(recipe) ? Positions.SineCosine(layers, places, width) : Positions.Sequence(layers * places, width);
    }

    /// <summary>Patches: of a spectrogram along frequency and time, of a clip along time and beside each other.</summary>
    /// <exception cref="UserErrorException">The patches do not divide a view.</exception>
    public static (int Layers, int Places) Grid(Recipe recipe)
    {
        var (view, patch) = (recipe.Views[0], recipe.Backbone.PatchSize);
        if (IsSound(recipe))
        {
            Divides(recipe, "sound.bands", recipe.Sound.Bands, "backbone.patchSize", patch);
            foreach (var (i, v) in recipe.Views.Index())
                Divides(recipe, $"views.{i}.spectrogram.frames", v.Spectrogram.Frames, "backbone.patchSize", patch);
            return (recipe.Sound.Bands / patch, view.Spectrogram.Frames / patch);
        }

        Divides(recipe, "views.0.clip.frames", view.Clip.Frames, "backbone.tubeletFrames", recipe.Backbone.TubeletFrames);
        Divides(recipe, "views.0.crop.size", view.Crop.Size, "backbone.patchSize", patch);
        var side = view.Crop.Size / patch;
        return (view.Clip.Frames / recipe.Backbone.TubeletFrames, side * side);
    }

    /// <summary>Masked methods run the parts and not the whole: the last norm is what all of them pass.</summary>
    public override void Watch(Action<Tensor> watcher) => norm.register_forward_hook((_, _, tokens) =>
    {
        watcher(Pool(tokens.detach()));
        return tokens;
    });

    public override Tensor forward(Tensor samples) => Pool(Transform(AddPositions(Embed(samples))));

    /// <summary>Samples as rows of patch values <c>[N, P, V]</c>.</summary>
    public Tensor Patches(Tensor samples) => _patches(samples);

    /// <summary>Samples to patch tokens <c>[N, P, D]</c> without positions.</summary>
    public Tensor Embed(Tensor samples) => patch_embed.call(_patches(samples));

    /// <summary>Adds the positions to all P patch tokens.</summary>
    public Tensor AddPositions(Tensor patches) => patches + pos_embed.narrow(1, 1, pos_embed.shape[1] - 1);

    /// <summary>Any number of patch tokens <c>[N, T, D]</c> through [cls], blocks and the last norm: <c>[N, 1 + T, D]</c>.</summary>
    public Tensor Transform(Tensor patches)
        => norm.call(blocks.call(cat([(cls_token + pos_embed.narrow(1, 0, 1)).expand(patches.shape[0], 1, FeatureDimension), patches], 1)));

    /// <summary>Tokens to features <c>[N, D]</c>: [cls], or the mean of the patch tokens.</summary>
    public Tensor Pool(Tensor tokens) => _meanPooling ? tokens.narrow(1, 1, tokens.shape[1] - 1).mean([1]) : tokens.select(1, 0);

    InitialWeights? IInitialWeights.Rule(Module owner, string name, Tensor parameter) => (owner, name) switch
    {
        (GridVit, "pos_embed") => new InitialWeights(InitialKind.Keep),
        (GridVit, "cls_token") => new InitialWeights(InitialKind.Normal, 1e-6),
        (Modules.Linear, "weight") => new InitialWeights(InitialKind.TruncatedNormal, 0.02),
        (Modules.Linear, "bias") => new InitialWeights(InitialKind.Constant, 0),
        _ => null,
    };

    private static bool IsSound(Recipe recipe) => recipe.Data.Modality == Modality.Audio;

    private static void Divides(Recipe recipe, string field, int value, string by, int patch)
    {
        if (value % patch != 0)
            throw new UserErrorException($"{recipe.Name}: {field} is {value}, which {by} ({patch}) does not divide; change one of them.");
    }
}
