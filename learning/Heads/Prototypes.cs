using TorchSharp.Modules;
using SslOrleans.Learning.Backbones;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>
/// K unit vectors that embeddings are compared with: <c>[N, D]</c> to cosines <c>[N, K]</c>.
/// SwAV's and MSN's prototypes, and DINO's weight-normed last layer with its gain fixed at 1. The rows are normalised in
/// the forward pass, so the length of <c>weight</c> has no meaning.
/// </summary>
public sealed class Prototypes : Module<Tensor, Tensor>, IInitialWeights
{
    private Parameter weight;

    public Prototypes(int count, int width)
        : base(nameof(Prototypes))
    {
        weight = Parameter(zeros(count, width));
        RegisterComponents();
    }

    /// <summary>The vectors <c>[K, D]</c> before normalisation.</summary>
    public Tensor Weight => weight;

    public InitialWeights? Rule(Module owner, string name, Tensor parameter)
        => new InitialWeights(InitialKind.Uniform, 1 / Math.Sqrt(parameter.shape[1]));

    public override Tensor forward(Tensor input) => Cosines(input, weight);

    /// <summary>Cosines that leave the prototypes as they are (DINO and SwAV freeze them at the start).</summary>
    public Tensor Frozen(Tensor input) => Cosines(input, weight.detach());

    /// <summary>Cosines of <c>[N, D]</c> and <c>[K, D]</c>, <c>[N, K]</c>.</summary>
    public static Tensor Cosines(Tensor input, Tensor prototypes)
        => functional.linear(functional.normalize(input, dim: -1), functional.normalize(prototypes, dim: 1));
}
