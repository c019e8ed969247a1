using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Evaluate;

/// <summary>
/// RankMe (Garrido et al. 2022; cookbook eq. 17, E16): the effective rank <c>exp(−Σ_k p_k log p_k)</c> with
/// <c>p_k = σ_k/‖σ‖₁ + ε</c> over the min(N, D) singular values of the embeddings. 1 for rank one, min(N, D) for equal singular values.
/// Compares hyper-parameters of one method, never two methods.
/// </summary>
public static class RankMe
{
    /// <summary>ε.</summary>
    public const double Epsilon = 1e-7;

    /// <summary>exp of <see cref="Entropy"/>.</summary>
    public static double Of(Spectrum spectrum) => PortableMath.Exp(Entropy(spectrum));

    /// <summary>Entropy of the normalised singular values in nats (E18).</summary>
    public static double Entropy(Spectrum spectrum)
    {
        var sum = spectrum.SingularValues.Sum();
        return -spectrum.SingularValues.Select(s => (s / sum) + Epsilon).Sum(p => p * PortableMath.Log(p));
    }
}
