using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>A head for patch tokens beside that of [cls] (DINOv2's untied heads), and the student's token at hidden places.</summary>
public sealed class PatchHead : Module
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly MaskToken? token;
    private readonly Module<Tensor, Tensor>? projector;
    private readonly Prototypes prototypes;
#pragma warning restore IDE0044

    public PatchHead(MaskToken? token, Module<Tensor, Tensor>? projector, Prototypes prototypes)
        : base(nameof(PatchHead))
    {
        this.token = token;
        this.projector = projector;
        this.prototypes = prototypes;
        RegisterComponents();
    }

    /// <summary>The token; only a student has one.</summary>
    public MaskToken Token => token ?? throw new InvalidOperationException("A teacher sees its views whole and has no token.");

    public Prototypes Prototypes => prototypes;

    /// <summary>Tokens <c>[N, F]</c> to projections <c>[N, D]</c>, in the precision of the prototypes.</summary>
    public Tensor Project(Tensor tokens) => projector is null ? tokens : projector.call(tokens).to(prototypes.Weight.dtype);
}
