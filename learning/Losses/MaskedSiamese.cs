using TorchSharp;
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
        var k = assignments.shape[1];
        var logPrior = (-exponent * arange(1, k + 1, dtype: ScalarType.Float32, device: assignments.device).log()).log_softmax(0);
        var mean = assignments.mean([0]);
        return (mean * (mean.clamp_min(1e-30).log() - logPrior)).sum();
    }
}
