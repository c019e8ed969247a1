using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// VideoMAE: hidden tubes of a clip, the same places of all its frames, come back from those that are seen; or tubelets alone (MAE-ST), by <c>views.0.clip.mask</c>.
/// One view. Embeddings <c>prediction</c> and <c>target</c> <c>[N, H, τ·p·p·3]</c> of the H hidden tubelets.
/// </summary>
[Method("videomae", Views = 1, Masked = 1, Modalities = [Modality.Video], Family = "video", Inventory = "M141",
    Paper = "Tong et al., VideoMAE: Masked Autoencoders are Data-Efficient Learners for Self-Supervised Video Pre-Training, 2022; Feichtenhofer et al., Masked Autoencoders As Spatiotemporal Learners, 2022")]
public sealed class VideoMae : IMethod
{
    private readonly Options _options;
    private readonly GridMae _mae;

    public VideoMae(Recipe recipe)
    {
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Decoder(recipe, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads);
        GridVit.Grid(recipe);
        if (recipe.Views[0].Clip.Mask.Kind == ClipMaskKind.None)
            throw Require.Error(recipe, "views.0.clip.mask.kind", "is \"none\"", "videomae hides tubelets; use tube or random");
        _mae = new GridMae(recipe, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads);
    }

    public sealed record Options
    {
        /// <summary>Each target tubelet is normalised by its own mean and variance.</summary>
        public bool NormalizePixels { get; init; } = true;

        public int DecoderWidth { get; init; } = 384;

        public int DecoderDepth { get; init; } = 4;

        public int DecoderHeads { get; init; } = 6;
    }

    public bool Coupled => false;

    public Networks Build() => _mae.Build();

    public Embeddings Encode(Networks networks, Views views, StepContext step) => _mae.Encode(networks, views, step);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step) => GridMae.Loss(embeddings, _options.NormalizePixels);
}
