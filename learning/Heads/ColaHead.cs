using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>COLA's and CURL's projector: a linear layer, layer norm, tanh; features <c>[N, F]</c> to projections <c>[N, D]</c> between −1 and 1.</summary>
public sealed class ColaHead : Module<Tensor, Tensor>
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Linear linear;
    private readonly LayerNorm norm;
#pragma warning restore IDE0044

    /// <param name="inputs">F.</param>
    /// <param name="outputs">D.</param>
    public ColaHead(int inputs, int outputs)
        : base(nameof(ColaHead))
    {
        linear = Linear(inputs, outputs);
        norm = LayerNorm(outputs, 1e-5);
        RegisterComponents();
    }

    public override Tensor forward(Tensor features) => norm.call(linear.call(features)).tanh();
}
