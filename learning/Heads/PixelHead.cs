using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>A learned token for hidden places and one linear layer per patch (Xie et al. 2022, SimMIM).</summary>
public sealed class PixelHead : Module<Tensor, Tensor>
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly MaskToken hide;
    private readonly Linear pred;
#pragma warning restore IDE0044

    public PixelHead(int inputs, int outputs)
        : base(nameof(PixelHead))
    {
        hide = new MaskToken(inputs);
        pred = Linear(inputs, outputs);
        RegisterComponents();
    }

    /// <summary>Puts the learned token at the hidden places (true in <c>[N, P]</c>) of patch tokens <c>[N, P, D]</c>.</summary>
    public Tensor Hide(Tensor patches, Tensor hidden) => hide.call(patches, hidden);

    /// <summary>Tokens <c>[N, T, inputs]</c> to values <c>[N, T, outputs]</c>.</summary>
    public override Tensor forward(Tensor tokens) => pred.call(tokens);
}
