using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>MSN's and PMSN's objective (Assran et al. 2022; Assran et al. 2023).</summary>
public static class MaskedSiamese
{
    /// <summary>The teacher's assignment, sharpened: softmax(s/τ)^{1/T} over its sum, without gradient.</summary>
    /// <param name="cosines">s <c>[N, K]</c>.</param>
    /// <param name="temperature">τ.</param>
    /// <param name="sharpening">T; below 1 sharpens.</param>
    public static Tensor Sharpen(Tensor cosines, double temperature, double sharpening)
        => (cosines.detach() / (temperature * sharpening)).softmax(1);

    /// <summary>
    /// KL(p̄ ‖ prior) of the mean assignment p̄ over all anchors, the prior ∝ k^{−exponent}: with exponent 0 it is log K − H(p̄),
    /// MSN's mean-entropy term; above 0 it is PMSN's power-law prior.
    /// </summary>
    /// <param name="assignments">Anchors' assignments <c>[M, K]</c>, rows that sum to 1.</param>
    /// <param name="exponent">0 for uniform.</param>
    /// <returns>A scalar, 0 or more.</returns>
    public static Tensor MeanDivergence(Tensor assignments, double exponent)
    {
        var mean = assignments.mean([0]);
        return (mean * (mean.clamp_min(1e-30).log() - LogPrior(mean, exponent))).sum();
    }

    /// <summary>
    /// KL(prior ‖ p̄), the other direction: a prototype that no anchor chooses costs without bound, where <see cref="MeanDivergence"/>
    /// charges it nothing.
    /// </summary>
    /// <param name="assignments">Anchors' assignments <c>[M, K]</c>, rows that sum to 1.</param>
    /// <param name="exponent">0 for uniform.</param>
    /// <returns>A scalar, 0 or more.</returns>
    public static Tensor PriorDivergence(Tensor assignments, double exponent)
    {
        var mean = assignments.mean([0]);
        var logPrior = LogPrior(mean, exponent);
        return (logPrior.exp() * (logPrior - mean.clamp_min(1e-30).log())).sum();
    }

    private static Tensor LogPrior(Tensor mean, double exponent)
        => (-exponent * arange(1, mean.shape[0] + 1, dtype: ScalarType.Float32, device: mean.device).log()).log_softmax(0);
}
