using SslOrleans.Learning.Backbones;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>A learned token that stands at hidden places: patch tokens <c>[N, P, D]</c> and booleans <c>[N, P]</c> to <c>[N, P, D]</c>.</summary>
public sealed class MaskToken : Module<Tensor, Tensor, Tensor>, IInitialWeights
{
    private Parameter mask_token;

    public MaskToken(int width)
        : base(nameof(MaskToken))
    {
        mask_token = Parameter(zeros(1, 1, width));
        RegisterComponents();
    }

    public override Tensor forward(Tensor patches, Tensor hidden)
    {
        var at = hidden.unsqueeze(-1).to(patches.dtype);
        return (patches * (1 - at)) + (mask_token * at);
    }

    public InitialWeights? Rule(Module owner, string name, Tensor parameter) => new InitialWeights(InitialKind.TruncatedNormal, 0.02);
}
