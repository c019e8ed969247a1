using SslOrleans.Learning.Backbones;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>A learned token for hidden places and one linear layer per patch (Xie et al. 2022, SimMIM).</summary>
public sealed class PixelHead : Module<Tensor, Tensor>, IInitialWeights
{
    private Parameter mask_token;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Linear pred;
#pragma warning restore IDE0044

    public PixelHead(int inputs, int outputs)
        : base(nameof(PixelHead))
    {
        mask_token = Parameter(zeros(1, 1, inputs));
        pred = Linear(inputs, outputs);
        RegisterComponents();
    }

    /// <summary>Puts the learned token at the hidden places (true in <c>[N, P]</c>) of patch tokens <c>[N, P, D]</c>.</summary>
    public Tensor Hide(Tensor patches, Tensor hidden)
    {
        var at = hidden.unsqueeze(-1).to(patches.dtype);
        return (patches * (1 - at)) + (mask_token * at);
    }

    /// <summary>Tokens <c>[N, T, inputs]</c> to values <c>[N, T, outputs]</c>.</summary>
    public override Tensor forward(Tensor tokens) => pred.call(tokens);

    public InitialWeights? Rule(Module owner, string name, Tensor parameter)
        => name == "mask_token" ? new InitialWeights(InitialKind.TruncatedNormal, 0.02) : null;
}
