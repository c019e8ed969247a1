using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// data2vec's targets and losses (Baevski et al. 2022, section 3.3; 2023): the mean of a teacher's last layers, each normalised to mean 0 and variance 1.
/// </summary>
public static class LayerTargets
{
    private const double Epsilon = 1e-5;

    /// <summary>Outputs of K blocks <c>[N, …, K, F]</c> to targets <c>[N, …, F]</c>.</summary>
    public static Tensor Of(Tensor layers)
    {
        var centred = layers.detach() - layers.detach().mean([-1], keepdim: true);
        return (centred / (centred.square().mean([-1], keepdim: true) + Epsilon).sqrt()).mean([-2]);
    }

    /// <summary>Smooth ℓ1: the mean of ½d²/β where |d| is below β, |d| − ½β elsewhere.</summary>
    /// <param name="prediction">Any shape.</param>
    /// <param name="target">Of the same shape, without gradient.</param>
    /// <param name="beta">β, above 0.</param>
    /// <returns>A scalar.</returns>
    public static Tensor SmoothL1(Tensor prediction, Tensor target, double beta)
    {
        var d = (prediction - target.detach()).abs();
        return where(d < beta, d.square() / (2 * beta), d - (beta / 2)).mean();
    }
}
