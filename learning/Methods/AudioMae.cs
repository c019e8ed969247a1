using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Audio-MAE: hidden patches of a log-mel spectrogram come back from those that are seen; patches alone, or whole bands of time and frequency (Wang et al. 2020), by
/// <c>views.0.spectrogram.mask</c>. One view. Embeddings <c>prediction</c> and <c>target</c> <c>[N, H, p·p]</c> of the H hidden patches.
/// </summary>
[Method("audiomae", Views = 1, Masked = 1, Modalities = [Modality.Audio], Family = "sound", Inventory = "M133",
    Paper = "Huang et al., Masked Autoencoders that Listen, 2022; Wang et al., Unsupervised Pre-training of Bidirectional Speech Encoders via Masked Reconstruction, 2020")]
public sealed class AudioMae : IMethod
{
    private readonly Options _options;
    private readonly GridMae _mae;

    public AudioMae(Recipe recipe)
    {
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Decoder(recipe, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads);
        GridVit.Grid(recipe);
        if (recipe.Views[0].Spectrogram.Mask.Kind == SpectrogramMaskKind.None)
            throw Require.Error(recipe, "views.0.spectrogram.mask.kind", "is \"none\"", "audiomae hides patches; use random, time, frequency or bands");
        _mae = new GridMae(recipe, _options.DecoderWidth, _options.DecoderDepth, _options.DecoderHeads);
    }

    public sealed record Options
    {
        /// <summary>Each target patch is normalised by its own mean and variance.</summary>
        public bool NormalizePatches { get; init; } = true;

        public int DecoderWidth { get; init; } = 512;

        public int DecoderDepth { get; init; } = 8;

        public int DecoderHeads { get; init; } = 16;
    }

    public bool Coupled => false;

    public Networks Build() => _mae.Build();

    public Embeddings Encode(Networks networks, Views views, StepContext step) => _mae.Encode(networks, views, step);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step) => GridMae.Loss(embeddings, _options.NormalizePatches);
}
