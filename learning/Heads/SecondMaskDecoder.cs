using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>MAE's decoder, and the token that stands in the encoder at places that were hidden a second time (UM-MAE, Li et al. 2022).</summary>
public sealed class SecondMaskDecoder : Module
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly MaskToken token;
    private readonly MaskedDecoder pixels;
#pragma warning restore IDE0044

    public SecondMaskDecoder(MaskToken token, MaskedDecoder pixels)
        : base(nameof(SecondMaskDecoder))
    {
        this.token = token;
        this.pixels = pixels;
        RegisterComponents();
    }

    public MaskToken Token => token;

    public MaskedDecoder Pixels => pixels;
}
