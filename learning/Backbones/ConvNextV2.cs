using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// ConvNeXt V2 (Woo et al. 2023) with timm's layers and key names, without the classifier. It can run on the visible places alone, as a dense network whose hidden places are
/// set to 0 before and after each convolution that looks beyond a place.
/// </summary>
public sealed class ConvNextV2 : Backbone, IInitialWeights
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Sequential stem;
    private readonly ModuleList<ConvNextStage> stages = [];
    private readonly ConvNextHead head;
#pragma warning restore IDE0044

    /// <param name="name">Its name.</param>
    /// <param name="widths">Channels of each stage.</param>
    /// <param name="depths">Blocks of each stage.</param>
    /// <param name="stemSide">Side and stride of the first convolution.</param>
    /// <param name="responseNorm">With global response normalisation (K57).</param>
    public ConvNextV2(string name, IReadOnlyList<int> widths, IReadOnlyList<int> depths, int stemSide, bool responseNorm = true)
        : base(name)
    {
        stem = Sequential(Conv2d(3, widths[0], stemSide, stride: stemSide), new ChannelNorm(widths[0]));
        for (var i = 0; i < widths.Count; i++)
            stages.append(new ConvNextStage(i == 0 ? null : widths[i - 1], widths[i], depths[i], responseNorm));
        head = new ConvNextHead(widths[^1]);
        FeatureDimension = widths[^1];
        Stride = stemSide << (widths.Count - 1);
        RegisterComponents();
    }

    public override int FeatureDimension { get; }

    /// <summary>Pixels along a side of a place of the last map.</summary>
    public int Stride { get; }

    public override Tensor forward(Tensor images) => head.Normalize(Map(images).mean([2, 3]));

    public override Tensor Places(Tensor images) => AsPlaces(head.Normalize(Map(images).permute(0, 2, 3, 1)).permute(0, 3, 1, 2));

    /// <summary>The last map <c>[N, D, H/s, W/s]</c>, before the last norm.</summary>
    /// <param name="images"><c>[N, 3, H, W]</c>.</param>
    /// <param name="visible">1 where a place of the last map is seen, else 0 <c>[N, 1, H/s, W/s]</c>; null: all are.</param>
    public Tensor Map(Tensor images, Tensor? visible = null)
    {
        var map = stem.call(images);
        foreach (var stage in stages)
            map = stage.Run(map, visible);
        return map;
    }

    /// <summary>Shows a watcher features <c>[N, D]</c> of a map of which some places are hidden: the mean of the visible ones.</summary>
    public Tensor Watched(Tensor map, Tensor visible)
    {
        Show(head.Normalize((map.detach() * visible).sum([2, 3]) / visible.sum([2, 3])));
        return map;
    }

    /// <summary>timm's: truncated normal of 0.02, biases 0; response norms begin as the identity.</summary>
    InitialWeights? IInitialWeights.Rule(Module owner, string name, Tensor parameter) => (owner, name) switch
    {
        (Modules.Linear or Modules.Conv2d, "weight") => new InitialWeights(InitialKind.TruncatedNormal, 0.02),
        (Modules.Linear or Modules.Conv2d, "bias") => new InitialWeights(InitialKind.Constant, 0),
        _ => null,
    };
}
