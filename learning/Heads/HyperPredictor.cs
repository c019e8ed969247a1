using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>
/// SIE's predictor (Garrido et al. 2023, section 3): a linear map whose weights another network makes of how the two views were made, and two projectors, one of
/// the invariant half of the features, one of the equivariant half.
/// </summary>
public sealed class HyperPredictor : Module
{
    private readonly int _width;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Module<Tensor, Tensor>? invariant;
    private readonly Module<Tensor, Tensor>? equivariant;
    private readonly Linear hidden;
    private readonly Linear weights;
#pragma warning restore IDE0044

    /// <param name="invariant">Projector of the first half of the features.</param>
    /// <param name="equivariant">Projector of the second half.</param>
    /// <param name="width">D, what both put out.</param>
    /// <param name="description">Numbers that describe both views.</param>
    /// <param name="hiddenWidth">Width of the other network's hidden layer.</param>
    public HyperPredictor(Module<Tensor, Tensor>? invariant, Module<Tensor, Tensor>? equivariant, int width, int description, int hiddenWidth)
        : base(nameof(HyperPredictor))
    {
        this.invariant = invariant;
        this.equivariant = equivariant;
        _width = width;
        hidden = Linear(description, hiddenWidth);
        weights = Linear(hiddenWidth, (width + 1) * width);
        RegisterComponents();
    }

    /// <summary>Features <c>[N, F]</c> to both projections <c>[N, D]</c> of their halves.</summary>
    public (Tensor Invariant, Tensor Equivariant) Project(Tensor features)
    {
        var halves = features.chunk(2, 1);
        return (invariant is null ? halves[0] : invariant.call(halves[0]), equivariant is null ? halves[1] : equivariant.call(halves[1]));
    }

    /// <summary>From the equivariant projection of one view <c>[N, D]</c> and the descriptions of both <c>[N, 26]</c> that of the other <c>[N, D]</c>.</summary>
    public Tensor Predict(Tensor projection, Tensor description)
    {
        var map = weights.call(hidden.call(description).relu()).reshape(-1, _width + 1, _width);
        return cat([projection, ones_like(projection.narrow(1, 0, 1))], 1).to(map.dtype).unsqueeze(1).bmm(map).squeeze(1);
    }
}
